#!/usr/bin/env bash
# Builds the image squall/kafka:VERSION on this machine, where no image registry can be reached: the system comes from Debian's
# mirror, Kafka from Maven Central. Does nothing when the image is there and made by this very recipe.
#
#   build.sh [--force]     --force: build in any case. The base image stays; remove it (docker rmi) to have it made again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

version=4.3.1
image=squall/kafka:$version
suite=trixie
java=openjdk-25-jre-headless
base=squall/base-jre:$suite-25
default_mirror=http://deb.debian.org/debian
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
untested=$image-untested-$$

say() { printf '%s\n' "$*"; }
die() {
	printf 'build %s: %s\n' "$image" "$*" >&2
	exit 1
}

need() { # program, apt package
	command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "debootstrap needs root, and there is no sudo: run this as root"
	fi
}

recipe() {
	sha256sum build.sh prepare.sh start.sh test.sh Dockerfile pom.xml log4j2.properties | sha256sum | cut -d ' ' -f 1
}

label() { # image, label
	docker image inspect --format "{{index .Config.Labels \"$2\"}}" "$1" 2>/dev/null || true
}

# The mirror that this machine's own apt uses for Debian, so that a company's mirror is used where there is one.
mirror() {
	local found
	# shellcheck disable=SC2016 # apt fills these in
	found=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk '$1 == "Debian" && $2 == "Debian" && $3 ~ /^https?:/ { print $3; exit }') || true
	printf '%s' "${found:-$default_mirror}"
}

make_base() {
	local root=$work/rootfs scripts=/usr/share/debootstrap/scripts
	# Every Debian release is set up by the same script, under its own name; an older debootstrap lacks the newer names.
	local script=$scripts/$suite
	[ -e "$script" ] || script=$scripts/sid
	say "$base: debootstrap $suite with $java"
	as_root debootstrap --keyring="$keyring" --variant=minbase --include="$java" "$suite" "$root" "$(mirror)" "$script" >"$work/debootstrap.log" 2>&1 || {
		tail -n 20 "$work/debootstrap.log" >&2
		die "debootstrap ended with an error"
	}
	as_root rm -rf "$root"/usr/share/{doc,man,info,locale,lintian} "$root"/var/cache/apt "$root"/var/lib/apt/lists "$root"/var/log/*
	as_root mkdir -p "$root"/var/cache/apt/archives/partial "$root"/var/lib/apt/lists/partial
	# Whoever looks into the image later shall find a mirror that answers everywhere.
	say "deb $default_mirror $suite main" | as_root tee "$root/etc/apt/sources.list" >/dev/null
	as_root tar -C "$root" --numeric-owner --exclude='./dev/*' -c . |
		docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["/bin/sh"]' --change 'LABEL dev.squall.image=base-jre' - "$base" >/dev/null
}

make_image() {
	local context=$work/context
	mkdir "$context"
	cp -p Dockerfile start.sh prepare.sh log4j2.properties "$context"
	mvn -B -q -f pom.xml -Dkafka.version="$version" dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$context/libs" >"$work/mvn.log" 2>&1 || {
		tail -n 20 "$work/mvn.log" >&2
		die "maven could not copy the jars"
	}
	[ -e "$context/libs/kafka_2.13-$version.jar" ] || die "maven copied no kafka_2.13-$version.jar"
	say "$image: docker build, with one run of a broker for the AOT cache"
	docker build --network none --force-rm ${no_cache:+--no-cache} --build-arg base="$base" --build-arg version="$version" --build-arg recipe="$(recipe)" \
		--tag "$untested" "$context" >"$work/build.log" 2>&1 || {
		tail -n 40 "$work/build.log" >&2
		die "docker build ended with an error"
	}
}

need docker docker.io
docker version >/dev/null 2>&1 || die "no Docker engine answers: apt-get install docker.io, and start dockerd"
no_cache=''
case ${1:-} in
'')
	if [ "$(label "$image" dev.squall.recipe)" = "$(recipe)" ]; then
		say "$image: is there and up to date"
		exit 0
	fi
	;;
--force) no_cache=yes ;;
*) die "unknown argument $1; there is only --force" ;;
esac
need debootstrap debootstrap
need mvn maven
# Without the keys debootstrap would go on and trust whatever the mirror sends.
[ -r "$keyring" ] || die "$keyring is missing: apt-get install debian-archive-keyring"

began=$SECONDS
work=$(mktemp -d)
trap 'as_root rm -rf --one-file-system "$work" || true; docker rmi --no-prune "$untested" >/dev/null 2>&1 || true' EXIT

[ "$(label "$base" dev.squall.image)" = base-jre ] || make_base
make_image
./test.sh "$untested"

before=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null || true)
docker tag "$untested" "$image"
after=$(docker image inspect --format '{{.Id}}' "$image")
# The image of an older recipe has lost its name: nobody would find it again. It stays while a container uses it.
if [ -n "$before" ] && [ "$before" != "$after" ]; then
	docker rmi "$before" >/dev/null 2>&1 || true
fi
say "$image: built in $((SECONDS - began)) s"
