#!/usr/bin/env bash
# Builds the image squall/kafka:VERSION on this machine, where no image registry can be reached: the system comes from Debian's
# mirror, Kafka from Maven Central. Does nothing when the image is there and made by this very recipe.
#
#   build.sh [--force]     --force: build in any case. The base image stays; remove it (docker rmi) to have it made again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

version=4.3.1
image=squall/kafka:$version
recipe_files='prepare.sh start.sh test.sh Dockerfile pom.xml log4j2.properties'
suite=trixie
java=openjdk-25-jre-headless
base=squall/base-jre:$suite-25
. ../common.sh

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "debootstrap needs root, and there is no sudo: run this as root"
	fi
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
	build "$context" --build-arg base="$base" --build-arg version="$version"
}

begin "$@"
trap 'as_root rm -rf --one-file-system "$work" || true; forget' EXIT
need debootstrap debootstrap
need mvn maven
need_keys

[ "$(label "$base" dev.squall.image)" = base-jre ] || make_base
make_image
finish
