#!/usr/bin/env bash
# Starts one server of the image as squall does, without any privilege, and fails unless it comes up with JetStream, comes up again after it was killed, and stops in
# good order. What a cluster of them keeps, squall's own tests ask.
#
#   test.sh [IMAGE]
set -euo pipefail

image=${1:-squall/nats:2.15.2}
name=squall-image-test-$$
trap 'docker rm --force --volumes "$name" >/dev/null 2>&1; docker volume rm "$name" >/dev/null 2>&1' EXIT

die() {
	docker logs --tail 40 "$name" >&2 || true
	printf 'test %s: %s\n' "$image" "$*" >&2
	exit 1
}

# The data outlive the process; there is no network.
docker create --name "$name" --network none --cap-drop ALL --security-opt no-new-privileges --volume "$name:/data" "$image" --jetstream --store_dir /data >/dev/null

# start waits until the server has said so many times that it is ready.
start() { # times
	docker start "$name" >/dev/null
	local end=$((SECONDS + 30))
	until [ "$(docker logs "$name" 2>&1 | grep -c 'Server is ready')" -ge "$1" ]; do
		[ "$SECONDS" -lt "$end" ] || die "is not ready within 30 s"
		[ "$(docker inspect --format '{{.State.Running}}' "$name")" = true ] || die "ended before it was ready"
		sleep 0.1
	done
}

start 1
docker logs "$name" 2>&1 | grep 'Starting JetStream' >/dev/null || die "has no JetStream"
docker kill --signal KILL "$name" >/dev/null
docker wait "$name" >/dev/null
start 2
docker stop -t 30 "$name" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" != 137 ] || die "had to be killed after SIGTERM"
docker logs "$name" 2>&1 | grep 'Server Exiting' >/dev/null || die "its log tells of no orderly end"
printf '%s: starts with JetStream, again after a kill, stops in good order\n' "$image"
