#!/bin/sh
# Starts the RabbitMQ node that the environment and the files in /etc/squall describe.
#
# Works in squall's own image and in the official one (rabbitmq): squall copies it into the container. HOME is where the node's data is.
#
#   SQUALL_ERLANG_COOKIE   the secret that nodes and tools of one cluster share
set -eu

die() {
	echo "start: $*" >&2
	exit 78
}

[ -n "${SQUALL_ERLANG_COOKIE:-}" ] || die "SQUALL_ERLANG_COOKIE is not set"
[ -w "$HOME" ] || die "$HOME is not there, or not writable by uid $(id -u)"

# Erlang and every tool that speaks to the node read the cookie here, if nobody else may. The directory may have been emptied since the last start.
cookie=$HOME/.erlang.cookie
rm -f "$cookie"
(umask 377 && printf '%s' "$SQUALL_ERLANG_COOKIE" >"$cookie")

for server in /usr/lib/rabbitmq/bin/rabbitmq-server /opt/rabbitmq/sbin/rabbitmq-server; do
	if [ -x "$server" ]; then
		# exec: SIGTERM has to reach the node itself, which then stops in good order.
		exec "$server"
	fi
done
die "there is no rabbitmq-server in this image"
