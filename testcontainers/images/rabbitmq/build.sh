#!/usr/bin/env bash
# Builds the image squall/rabbitmq:VERSION on this machine, where no image registry can be reached, from packages of Debian's mirror. Does nothing when the
# image is there and made by this very recipe. It takes no root and leaves this machine's own apt alone.
#
#   build.sh [--force]     --force: build in any case
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

version=4.0.5
image=squall/rabbitmq:$version
recipe_files='start.sh test.sh Dockerfile'
suite=trixie
# What the node needs, what its start script and squall's own scripts need, and no more.
packages=(
	base-files libc6 libgcc-s1 libstdc++6 libtinfo6 libsystemd0 libcap2 libssl3t64 zlib1g libzstd1
	dash coreutils libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10 sed grep mawk hostname debianutils findutils util-linux procps libproc2-0
	erlang-base erlang-asn1 erlang-crypto erlang-eldap erlang-inets erlang-mnesia erlang-os-mon erlang-parsetools erlang-public-key
	erlang-runtime-tools erlang-ssl erlang-syntax-tools erlang-tools erlang-xmerl
	rabbitmq-server
)
. ../common.sh

# fetch gets the packages by an apt with everything of its own: lists, cache, sources.
fetch() {
	local apt=$work/apt
	mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,etc/{apt.conf.d,preferences.d,sources.list.d},debs}
	: >"$apt/status"
	say "deb [signed-by=$keyring] $(mirror) $suite main" >"$apt/etc/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::State "$apt/state";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt/cache";
		Dir::Etc "$apt/etc";
		APT::Sandbox::User "";
		APT::Install-Recommends "false";
		Acquire::Languages "none";
	END
	say "$image: packages of $suite"
	(
		export APT_CONFIG=$apt/apt.conf
		cd "$apt/debs"
		apt-get -q update && apt-get -q download "${packages[@]}"
	) >"$work/apt.log" 2>&1 || {
		tail -n 20 "$work/apt.log" >&2
		die "apt could not fetch the packages"
	}
	compgen -G "$apt/debs/rabbitmq-server_$version-*" >/dev/null || die "$suite has another version of rabbitmq-server than $version: $(cd "$apt/debs" && echo rabbitmq-server_*)"
}

# unpack makes a root file system of the packages: no script of theirs is run, so what those do is done here.
unpack() {
	local root=$work/rootfs deb
	mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{dev,proc,sys,run,tmp,etc/squall,var/lib/rabbitmq,var/log/rabbitmq,etc/rabbitmq}
	for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$root/$dir"; done
	for deb in "$work"/apt/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --no-same-owner --keep-directory-symlink
	done
	chmod 1777 "$root/tmp"
	ln -sf dash "$root/usr/bin/sh"
	ln -sf mawk "$root/usr/bin/awk"
	printf 'root:x:0:0:root:/root:/bin/sh\nrabbitmq:x:100:101:RabbitMQ:/var/lib/rabbitmq:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nrabbitmq:x:101:\nnogroup:x:65534:\n' >"$root/etc/group"
	rm -rf "$root"/usr/share/{doc,man,info,locale,lintian,zoneinfo} "$root"/usr/lib/systemd
	install -m 644 start.sh "$root/usr/lib/rabbitmq/start"
}

make_image() {
	local context=$work/context
	mkdir "$context"
	cp Dockerfile "$context"
	tar -C "$work/rootfs" --numeric-owner --owner=0 --group=0 --sort=name -cf "$context/rootfs.tar" .
	say "$image: docker build"
	build "$context" --build-arg version="$version"
}

begin "$@"
trap 'rm -rf --one-file-system "$work"; forget' EXIT
need dpkg-deb dpkg
need apt-get apt
need_keys

fetch
unpack
make_image
finish
