#!/bin/sh
# Starts the Kafka broker that /etc/squall/server.properties describes, and formats its storage before the first start.
#
# Works in squall's own image and in any other with java on the PATH and Kafka 4's jars in /opt/kafka/libs (apache/kafka):
# squall copies it into the container. What only squall's image has, for a fast start, is used where it is found.
#
#   CLUSTER_ID       22 characters, the same for all nodes; needed when the storage is not formatted yet
#   KAFKA_HEAP_OPTS  default -Xms512m -Xmx512m
#   KAFKA_JVM_OPTS   default: the flags of Kafka's own scripts; stands in for all of them
set -eu

properties=/etc/squall/server.properties
kafka=/opt/kafka
heap=${KAFKA_HEAP_OPTS:--Xms512m -Xmx512m}
flags=${KAFKA_JVM_OPTS:--server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 \
	-XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true}

die() {
	echo "start: $*" >&2
	exit 78
}

[ -r "$properties" ] || die "$properties is missing or not readable by uid $(id -u)"

# Only what formatting needs; `key=value`, which is how squall writes it.
node_id='' log_dirs='' metadata_dir='' voters='' unstable=''
while IFS='=' read -r key value || [ -n "$key" ]; do
	case $key in
	node.id) node_id=$value ;;
	log.dirs) log_dirs=$value ;;
	metadata.log.dir) metadata_dir=$value ;;
	controller.quorum.voters) voters=$value ;;
	unstable.*) unstable=$value ;;
	esac
done <"$properties"
[ -n "$node_id" ] || die "$properties has no node.id"
[ -n "$log_dirs" ] || die "$properties has no log.dirs"

# The class path is written out in squall's image, for the AOT cache holds only for the same jars in the same order, and a JVM expands `*` in
# the order of the directory.
if [ -r "$kafka/classpath" ]; then
	classpath="@$kafka/classpath"
else
	classpath="-cp $kafka/libs/*"
fi

# The cache was made with the default flags. It serves any heap below 32 GB, G1, serial, parallel and Shenandoah collectors and any choice of
# compilers. It is left aside, which costs a second and a few [aot] lines in the log, for a heap of 32 GB and more, ZGC, -XX:-UseCompressedOops,
# -XX:+UseCompactObjectHeaders, a JDWP agent, and what adds modules, such as -Dcom.sun.management.jmxremote.
cache=''
if [ -r "$kafka/kafka.aot" ]; then
	cache="-XX:AOTCache=$kafka/kafka.aot"
fi

logging=''
for file in /etc/squall/log4j2.properties "$kafka/log4j2.properties" /etc/kafka/docker/log4j2.yaml; do
	if [ -r "$file" ]; then
		logging="-Dlog4j2.configurationFile=$file"
		break
	fi
done

set -f # the lists of flags below are split into words, but a `*` is for the JVM

# What the storage tool writes for one directory and static voters, without the second and a half that its JVM takes. The checkpoint holds the
# feature levels of this Kafka version and is the same for every node; a broker without it starts all the same, with old feature levels.
format_fast() {
	mkdir -p "$log_dirs"
	cp "$kafka/bootstrap.checkpoint" "$log_dirs/bootstrap.checkpoint"
	printf 'version=1\ncluster.id=%s\nnode.id=%s\n' "$CLUSTER_ID" "$node_id" >"$log_dirs/meta.properties.new"
	mv "$log_dirs/meta.properties.new" "$log_dirs/meta.properties" # last and at once: a kill before it means to format again
}

format() {
	[ -n "${CLUSTER_ID:-}" ] || die "the storage is not formatted, and CLUSTER_ID is not set"
	case $log_dirs in *,*) several=yes ;; *) several='' ;; esac
	if [ -r "$kafka/bootstrap.checkpoint" ] && [ -n "$voters" ] && [ -z "$several$metadata_dir$unstable" ]; then
		format_fast
	else
		# shellcheck disable=SC2086
		java -Xmx256m $classpath $logging kafka.tools.StorageTool format -t "$CLUSTER_ID" -c "$properties"
	fi
}

[ -e "${log_dirs%%,*}/meta.properties" ] || format

# exec: java becomes process 1, so that SIGTERM is a controlled shutdown and the container's exit code is the broker's.
# shellcheck disable=SC2086
exec java $heap $cache $classpath $logging $flags kafka.Kafka "$properties"
