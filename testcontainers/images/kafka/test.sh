#!/usr/bin/env bash
# Starts one broker of the image as squall does, without any privilege, and fails unless it uses its AOT cache, comes up, has the feature
# levels that its version's storage tool would give it, and stops in good order. None of this shows in a broker that merely runs.
#
#   test.sh [IMAGE]
set -euo pipefail

image=${1:-squall/kafka:4.3.1}
name=squall-image-test-$$
stage=$(mktemp -d)
trap 'docker rm --force --volumes "$name" >/dev/null 2>&1; docker volume rm "$name" >/dev/null 2>&1; rm -r "$stage"' EXIT

die() {
	docker logs --tail 40 "$name" >&2 || true
	printf 'test %s: %s\n' "$image" "$*" >&2
	exit 1
}

logged() { # text
	docker logs "$name" >"$stage/log" 2>&1
	grep -q -- "$1" "$stage/log"
}

wait_for() { # text in the log, seconds
	local end=$((SECONDS + $2))
	until logged "$1"; do
		[ "$SECONDS" -lt "$end" ] || die "no '$1' in the log within $2 s"
		[ "$(docker inspect --format '{{.State.Running}}' "$name")" = true ] || die "the broker ended before '$1'"
		sleep 0.1
	done
}

# What the storage tool gives by default, but for metadata.version, which the two tools write differently, and kraft.version, which
# is 0 with static voters.
levels() {
	grep -vE '^(metadata|kraft)\.version=' | LC_ALL=C sort
}

cat >"$stage/server.properties" <<'END'
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
log.dirs=/var/lib/kafka/data
END
chmod 644 "$stage/server.properties"

# A named volume, to see that it belongs to the broker's user; no network, but a name for the host that resolves all the same.
docker create --name "$name" --network none --hostname localhost --cap-drop ALL --security-opt no-new-privileges \
	--volume "$name:/var/lib/kafka/data" --env CLUSTER_ID=MkU3OEVBNTcwNTJENDM2Qk --env JAVA_TOOL_OPTIONS=-Xlog:aot "$image" >/dev/null
docker cp "$stage/server.properties" "$name:/etc/squall/server.properties" >/dev/null 2>&1
docker start "$name" >/dev/null
wait_for 'Kafka Server started' 60
logged 'Using AOT-linked classes: true' || die "the AOT cache was not used"

tool() {
	docker exec --env JAVA_TOOL_OPTIONS= "$name" java @/opt/kafka/classpath "$@" 2>/dev/null
}
tool kafka.tools.StorageTool version-mapping | awk '{ print $1 }' | levels >"$stage/expected"
tool org.apache.kafka.tools.FeatureCommand --bootstrap-server localhost:9092 describe |
	sed -E 's/^Feature: ([^ ]+) .*FinalizedVersionLevel: ([^ ]+).*/\1=\2/' | levels >"$stage/actual"
[ -s "$stage/expected" ] || die "the storage tool names no feature levels"
diff "$stage/expected" "$stage/actual" >&2 || die "feature levels differ from the storage tool's"

docker stop -t 30 "$name" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" = 143 ] || die "exit code $code after SIGTERM, not 143"
logged 'App info kafka.server for 1 unregistered' || die "the log does not reach the end of the shutdown"
printf '%s: starts, uses its AOT cache, has the feature levels of its version, stops in good order\n' "$image"
