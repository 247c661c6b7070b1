#!/usr/bin/env bash
# Starts one node of the image as squall does, without any privilege, and fails unless it comes up, stores and confirms a message, still has it after it was
# killed, answers commands without a cookie as argument, and stops in good order.
#
#   test.sh [IMAGE]
set -euo pipefail

image=${1:-squall/rabbitmq:4.0.5}
name=squall-image-test-$$
stage=$(mktemp -d)
trap 'docker rm --force --volumes "$name" >/dev/null 2>&1; docker volume rm "$name" >/dev/null 2>&1; rm -r "$stage"' EXIT

die() {
	docker logs --tail 40 "$name" >&2 || true
	printf 'test %s: %s\n' "$image" "$*" >&2
	exit 1
}

cat >"$stage/rabbitmq.conf" <<'END'
listeners.tcp.default = 127.0.0.1:29092
management.tcp.ip = 127.0.0.1
log.console = true
log.file = false
END
printf '[rabbitmq_management].\n' >"$stage/enabled_plugins"

# A named volume, to see that it belongs to the broker's user; no network, but a name for the host that resolves all the same.
docker create --name "$name" --network none --hostname node-1 --cap-drop ALL --security-opt no-new-privileges --volume "$name:/var/lib/rabbitmq" \
	--env SQUALL_ERLANG_COOKIE=test --env RABBITMQ_NODENAME=rabbit@node-1 --env RABBITMQ_LOGS=- \
	--env RABBITMQ_CONFIG_FILE=/etc/squall/rabbitmq.conf --env RABBITMQ_ENABLED_PLUGINS_FILE=/etc/squall/enabled_plugins "$image" >/dev/null
chmod 644 "$stage"/*
for file in rabbitmq.conf enabled_plugins; do docker cp "$stage/$file" "$name:/etc/squall/$file" >/dev/null 2>&1; done

start() {
	docker start "$name" >/dev/null
	local end=$((SECONDS + 60))
	until docker exec "$name" erl_call -sname rabbit@node-1 -timeout 2 -a 'rabbit is_serving []' 2>/dev/null | grep -q true; do
		[ "$SECONDS" -lt "$end" ] || die "does not serve within 60 s"
		[ "$(docker inspect --format '{{.State.Running}}' "$name")" = true ] || die "ended before it served"
		sleep 0.2
	done
}

# in_node evaluates the Erlang on its input in the node, with a channel Ch, until the answer is the one that is wanted: a queue that was just recovered has no
# leader yet.
in_node() { # answer
	local text said='' end=$((SECONDS + 30))
	text='{ok, C} = amqp_connection:start({amqp_params_direct, none, none, <<"/">>, node(), none, []}), {ok, Ch} = amqp_connection:open_channel(C), '$(cat)
	until [ "$said" = "{ok, $1}" ]; do
		[ "$SECONDS" -lt "$end" ] || die "the node answers '$said', not {ok, $1}"
		said=$(docker exec --interactive "$name" erl_call -sname rabbit@node-1 -timeout 30 -e <<<"$text" 2>&1) || sleep 0.2
	done
}

start
in_node true <<'END'
amqp_channel:call(Ch, {'queue.declare', 0, <<"q">>, false, true, false, false, false, [{<<"x-queue-type">>, longstr, <<"quorum">>}]}),
amqp_channel:call(Ch, {'confirm.select', false}),
Properties = erlang:make_tuple(15, undefined, [{1, 'P_basic'}]),
amqp_channel:call(Ch, {'basic.publish', 0, <<>>, <<"q">>, true, false}, {amqp_msg, Properties, <<"kept">>}),
amqp_channel:wait_for_confirms(Ch, 20).
END
# What queues it has, a node writes down a moment later: killed before, it has lost a new queue with all that was confirmed (measured). That is RabbitMQ's, and no fault of
# the image.
sleep 3
docker kill --signal KILL "$name" >/dev/null
start
in_node '"kept"' <<'END'
binary_to_list(element(3, element(2, amqp_channel:call(Ch, {'basic.get', 0, <<"q">>, false})))).
END

began=$SECONDS
docker stop -t 30 "$name" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" = 0 ] || die "exit code $code after SIGTERM"
[ $((SECONDS - began)) -lt 25 ] || die "took $((SECONDS - began)) s to stop"
docker logs "$name" 2>&1 | grep 'SIGTERM received - shutting down' >/dev/null || die "its log tells of no orderly end"
printf '%s: starts, has what it confirmed after a kill, stops in good order\n' "$image"
