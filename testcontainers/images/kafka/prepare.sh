#!/bin/sh
# Runs inside the image while it is built. It makes what lets a broker start fast: the class path in a fixed order, the checkpoint
# that the storage tool would write, and the AOT cache of a broker that started and stopped once.
set -eu

kafka=/opt/kafka
data=/tmp/prepare
properties=/etc/squall/server.properties
log=/tmp/prepare.log
export CLUSTER_ID=AAAAAAAAAAAAAAAAAAAAAQ

# The C locale sorts what the shell expands by bytes: the same order on every machine.
export LC_ALL=C
printf -- '-cp ' >$kafka/classpath
printf '%s:' $kafka/libs/*.jar | sed 's/:$//' >>$kafka/classpath

cat >$properties <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
log.dirs=$data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
END

# The start script finds no checkpoint yet, so it formats with the storage tool. The flag goes with those of the heap, which only the
# broker takes: the other flags are then the start script's own.
KAFKA_HEAP_OPTS="-Xms512m -Xmx512m -XX:AOTCacheOutput=$kafka/kafka.aot" sh $kafka/start >$log 2>&1 &
broker=$!

seconds=0
until grep -q 'Kafka Server started' $log; do
	seconds=$((seconds + 1))
	if [ $seconds -gt 120 ] || ! kill -0 $broker 2>/dev/null; then
		cat $log >&2
		echo "prepare: the broker did not start" >&2
		exit 1
	fi
	sleep 1
done
kill -TERM $broker
# 143: ended by SIGTERM, as asked. The cache is written before the process ends.
wait $broker || [ $? -eq 143 ]

if ! [ -s $kafka/kafka.aot ] || ! [ -s $data/bootstrap.checkpoint ]; then
	cat $log >&2
	echo "prepare: no AOT cache or no checkpoint was written" >&2
	exit 1
fi
cp $data/bootstrap.checkpoint $kafka/bootstrap.checkpoint
chmod 644 $kafka/bootstrap.checkpoint $kafka/kafka.aot $kafka/classpath
rm -rf $data $log $properties /tmp/hsperfdata_*
