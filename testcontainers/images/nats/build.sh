#!/usr/bin/env bash
# Builds the image squall/nats:VERSION on this machine, where no image registry can be reached: the server's Go module, in an image that holds nothing else.
# Does nothing when the image is there and made by this very recipe.
#
#   build.sh [VERSION]     such as 2.10.22; without one the version that squall's own executable has inside
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

module=github.com/nats-io/nats-server/v2
version=${1:-$(go list -m -f '{{.Version}}' "$module" | sed 's/^v//')}
image=squall/nats:$version

say() { printf '%s\n' "$*"; }
die() {
	printf 'build %s: %s\n' "$image" "$*" >&2
	exit 1
}

command -v go >/dev/null || die "Go is missing: https://go.dev/dl"
docker version >/dev/null 2>&1 || die "no Docker engine answers"
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] || die "a version is three numbers, such as 2.10.22"

recipe=$(sha256sum build.sh | cut -d ' ' -f 1)
there=$(docker image inspect --format '{{index .Config.Labels "dev.squall.recipe"}}' "$image" 2>/dev/null || true)
if [ "$there" = "$recipe" ]; then
	say "$image is there"
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "$image: go install $module@v$version"
GOBIN=$work/bin CGO_ENABLED=0 GOFLAGS=-trimpath go install -ldflags '-s -w' "$module@v$version"
mkdir -p "$work/root/data" "$work/root/tmp" "$work/root/etc"
mv "$work/bin/nats-server" "$work/root/nats-server"
printf 'nats:x:1000:1000::/data:/none\n' >"$work/root/etc/passwd"
tar -C "$work/root" --owner=1000 --group=1000 --numeric-owner -c . |
	docker import --change 'USER 1000:1000' --change 'WORKDIR /data' --change 'VOLUME /data' --change 'ENTRYPOINT ["/nats-server"]' \
		--change "LABEL dev.squall.recipe=$recipe" - "$image" >/dev/null
[ "$(docker run --rm --network none "$image" --version)" = "nats-server: v$version" ] || die "the image does not say that it is version $version"
say "$image: built"
