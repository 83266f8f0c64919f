# shellcheck shell=bash disable=SC2034
# Shared by the scripts beside it: where peers live, which versions, how to fail. Sourced, never run.

PEERS_HOME="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ROOT="$(cd "$PEERS_HOME/../.." && pwd)"
# Everything that is installed or runs lives here; git ignores it. Several checkouts may share one.
PEERS="${PEERS_DIR:-$ROOT/.peers}"
KAFKA_JARS="$PEERS/kafka/jars"
ELASTICMQ_JARS="$PEERS/elasticmq/jars"
KINESIS_PEERS="$PEERS/kinesis-js"
SQS_PEERS="$PEERS/sqs-js"
AWSSDK_JARS="$PEERS/awssdk/jars"
AZURESDK_JARS="$PEERS/azuresdk/jars"
FLINK_JARS="$PEERS/flink-cluster/jars"
VENV="$PEERS/venv"
WEBSOCKET_CLIENT="$PEERS/websocket"
# shellcheck source=versions.env
source "$PEERS_HOME/versions.env"

# One clear line on stderr, then the end.
die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# have PROGRAM: is it in PATH?
have() {
  command -v "$1" >/dev/null 2>&1
}

# need PROGRAM WHY: ends the script when PROGRAM is missing.
need() {
  have "$1" || die "\`$1\` is missing ($2)"
}

# free_ports N: N ports that nobody listens on, space separated. Nobody else who asks for any port is given one of them
# before the server listens there: those begin at 32768 (net.ipv4.ip_local_port_range).
free_ports() {
  python3 - "$1" <<'PYTHON'
import random, socket, sys
sockets = []
while len(sockets) < int(sys.argv[1]):
    try:
        sockets.append(socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))))
    except OSError:
        pass
print(*(s.getsockname()[1] for s in sockets))
PYTHON
}

# java_command: the java to run, JAVA_HOME first; ends the script when there is none.
java_command() {
  if [[ -n "${JAVA_HOME:-}" && -x "$JAVA_HOME/bin/java" ]]; then
    echo "$JAVA_HOME/bin/java"
  else
    need java "a Java 17 runtime or newer, e.g. Debian's openjdk-17-jre-headless"
    command -v java
  fi
}

# need_kafka: ends the script when install.sh has not fetched Kafka's jars.
need_kafka() {
  [[ -e "$KAFKA_JARS/kafka_2.13-$KAFKA_VERSION.jar" ]] \
    || die "Apache Kafka $KAFKA_VERSION is not installed: run tests/peers/install.sh kafka"
}

# need_elasticmq: ends the script when install.sh has not fetched ElasticMQ's jars.
need_elasticmq() {
  [[ -e "$ELASTICMQ_JARS/elasticmq-server_2.13-$ELASTICMQ_VERSION.jar" ]] \
    || die "ElasticMQ $ELASTICMQ_VERSION is not installed: run tests/peers/install.sh elasticmq"
}

# need_flink: ends the script when install.sh has not fetched the jars of Flink's cluster.
need_flink() {
  [[ -e "$FLINK_JARS/beam-runners-flink-1.16-$BEAM_FLINK_VERSION.jar" ]] \
    || die "Apache Flink and Beam's runner $BEAM_FLINK_VERSION for it are not installed: run tests/peers/install.sh flink_cluster"
}
