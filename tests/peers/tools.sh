#!/usr/bin/env bash
# Runs a command-line tool of Apache Kafka.
#
#   tools.sh NAME ARGS...        e.g. tools.sh kafka-topics --bootstrap-server 127.0.0.1:9092 --list
#   tools.sh                     lists the names
#
# NAME is the name the distribution's script has, or a class name with dots.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

declare -A CLASS=(
  [kafka-broker-api-versions]=org.apache.kafka.tools.BrokerApiVersionsCommand
  [kafka-client-compatibility]=org.apache.kafka.tools.ClientCompatibilityTest
  [kafka-cluster]=org.apache.kafka.tools.ClusterTool
  [kafka-configs]=kafka.admin.ConfigCommand
  [kafka-console-consumer]=org.apache.kafka.tools.consumer.ConsoleConsumer
  [kafka-console-producer]=org.apache.kafka.tools.ConsoleProducer
  [kafka-consumer-groups]=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand
  [kafka-consumer-perf-test]=org.apache.kafka.tools.ConsumerPerformance
  [kafka-delete-records]=org.apache.kafka.tools.DeleteRecordsCommand
  [kafka-dump-log]=org.apache.kafka.tools.DumpLogSegments
  [kafka-e2e-latency]=org.apache.kafka.tools.EndToEndLatency
  [kafka-features]=org.apache.kafka.tools.FeatureCommand
  [kafka-get-offsets]=org.apache.kafka.tools.GetOffsetShell
  [kafka-groups]=org.apache.kafka.tools.GroupsCommand
  [kafka-leader-election]=org.apache.kafka.tools.LeaderElectionCommand
  [kafka-log-compaction-test]=org.apache.kafka.tools.LogCompactionTester
  [kafka-log-dirs]=org.apache.kafka.tools.LogDirsCommand
  [kafka-producer-perf-test]=org.apache.kafka.tools.ProducerPerformance
  [kafka-topics]=org.apache.kafka.tools.TopicCommand
  [kafka-transactional-message-copier]=org.apache.kafka.tools.TransactionalMessageCopier
  [kafka-transactions]=org.apache.kafka.tools.TransactionsCommand
  [kafka-verifiable-consumer]=org.apache.kafka.tools.VerifiableConsumer
  [kafka-verifiable-producer]=org.apache.kafka.tools.VerifiableProducer
)

if [[ $# == 0 ]]; then
  printf '%s\n' "${!CLASS[@]}" | sort
  exit 0
fi
name="$1"
shift
class="${CLASS[$name]:-}"
[[ -n "$class" || "$name" != *.* ]] || class="$name"
[[ -n "$class" ]] || die "unknown tool \`$name\`: run tools.sh for the list"
need_kafka

flags=(-Xmx512m "-Dlog4j2.configurationFile=$PEERS_HOME/kafka/tools-log4j2.yaml")
case "$name" in
  *perf*) ;;                                                 # these run long enough to need the optimising compiler
  *) flags+=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC) ;;    # these must start quickly
esac
exec "$(java_command)" "${flags[@]}" -cp "$KAFKA_JARS/*" "$class" "$@"
