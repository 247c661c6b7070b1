#!/usr/bin/env bash
# Builds the image squall/nats:VERSION on this machine, where no image registry can be reached, from the server's Go module. Does nothing when the image is there and
# made by this very recipe.
#
#   build.sh [--force] [VERSION]     --force: build in any case; VERSION: another than the one that squall runs by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

force=()
if [ "${1:-}" = --force ]; then
	force=(--force)
	shift
fi
version=${1:-2.15.2}
image=squall/nats:$version
recipe_files='test.sh Dockerfile'
. ../common.sh

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[a-zA-Z0-9.]+)?$ && $# -le 1 ]] || die "usage: build.sh [--force] [VERSION], as in 2.15.2"
begin "${force[@]}"
trap 'rm -rf --one-file-system "$work"; forget' EXIT
command -v go >/dev/null || die "Go is missing: https://go.dev/dl"

say "$image: go install github.com/nats-io/nats-server/v2@v$version"
mkdir "$work/context"
cp Dockerfile "$work/context"
# In a folder of no module, so that the server gets the very modules that it names itself, and with this Go, whichever it would like best. It is static: there is
# nothing else in the image.
(cd "$work" && CGO_ENABLED=0 GOOS=linux GOTOOLCHAIN=local GOFLAGS=-trimpath GOBIN=$work/context go install -ldflags '-s -w' "github.com/nats-io/nats-server/v2@v$version") >"$work/go.log" 2>&1 || {
	tail -n 20 "$work/go.log" >&2
	die "go could not build the server"
}
build "$work/context" --build-arg version="$version"
finish
