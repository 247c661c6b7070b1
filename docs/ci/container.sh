#!/usr/bin/env bash
# squall every night in a container of its own, beside the brokers' on the same engine: container.sh [SUITE [OUT]]
#
# It wants squall in the PATH, a static program (`make build`), and a Docker engine on this machine. The image holds nothing else; the suite and the results are in this folder, and
# belong to who runs this. The exit code is squall's: see nightly.sh.
#
# Where the CI system's agent is a container already, as Jenkins' often is, nothing of this is needed: give the agent the engine's socket, with
# `--volume /var/run/docker.sock:/var/run/docker.sock`, and run nightly.sh in it. Either way squall asks the engine for the container that it runs in, and finds the brokers' ports at
# the gateway of that container's network. `squall doctor` tells where; TESTCONTAINERS_HOST_OVERRIDE names another host.
set -euo pipefail

suite=${1:-squall/nightly.yaml}
out=${2:-squall-results/$(date -u +%Y%m%dT%H%M%SZ)}
socket=/var/run/docker.sock

before=$(docker images --quiet squall/squall:latest)
tar -C "$(dirname "$(command -v squall)")" -c squall | docker import --change 'ENTRYPOINT ["/squall"]' - squall/squall:latest >/dev/null
[ -z "$before" ] || docker image rm "$before" >/dev/null 2>&1 || true # last night's, which has lost its name
in_container() {
  docker run --rm --user "$(id -u):$(stat -c %g "$socket")" --volume "$socket:/var/run/docker.sock" --volume "$PWD:/work" --workdir /work squall/squall:latest "$@"
}

# What a killed job left behind holds memory that this one needs. Runs that are alive are left alone.
in_container clean >/dev/null 2>&1 || true

code=0
in_container suite "$suite" --out "$out" || code=$?
echo "exit code $code; see $out/index.html" >&2
exit "$code"
