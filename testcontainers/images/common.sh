# shellcheck shell=bash
# What the recipes of the images share. A build.sh sets `image` and `recipe_files`, and sources this in its own folder.

default_mirror=http://deb.debian.org/debian
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
untested=$image-untested-$$

say() { printf '%s\n' "$*"; }
die() {
	printf 'build %s: %s\n' "$image" "$*" >&2
	exit 1
}

# need_keys wants Debian's keys, without which its packages would be whatever the mirror sends.
need_keys() {
	[ -r "$keyring" ] || die "$keyring is missing: apt-get install debian-archive-keyring"
}

need() { # program, apt package
	command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"
}

recipe() {
	# shellcheck disable=SC2086 # a list of names without spaces
	sha256sum build.sh ../common.sh $recipe_files | sha256sum | cut -d ' ' -f 1
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

# begin ends the script where the image is there and made by this very recipe; else there is an empty folder $work.
begin() { # the script's arguments
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
	began=$SECONDS
	work=$(mktemp -d)
}

# build makes the image of a folder, under a name that it loses when it is not tested.
build() { # folder, further arguments of docker build
	local context=$1
	shift
	docker build --network none --force-rm ${no_cache:+--no-cache} --build-arg recipe="$(recipe)" "$@" \
		--tag "$untested" "$context" >"$work/build.log" 2>&1 || {
		tail -n 40 "$work/build.log" >&2
		die "docker build ended with an error"
	}
}

forget() { docker rmi --no-prune "$untested" >/dev/null 2>&1 || true; }

# finish gives the image its name, once it has passed its test.
finish() {
	local before after
	./test.sh "$untested"
	before=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null || true)
	docker tag "$untested" "$image"
	after=$(docker image inspect --format '{{.Id}}' "$image")
	# The image of an older recipe has lost its name: nobody would find it again. It stays while a container uses it.
	if [ -n "$before" ] && [ "$before" != "$after" ]; then
		docker rmi "$before" >/dev/null 2>&1 || true
	fi
	say "$image: built in $((SECONDS - began)) s"
}
