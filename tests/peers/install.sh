#!/usr/bin/env bash
# Installs the foreign components that the conformance suite and the benchmarks run against.
#
#   install.sh                 what `make conformance` needs
#   install.sh bench           what `make bench` compares with: jq kcat miller gojq jaq analytics
#   install.sh NAME...         only these: kcat jq miller python websocket moto kafka elasticmq azurite awssdk azuresdk
#                              pubsub-js kinesis_js sqs_js kafkajs azure-js pstest gojq jaq analytics beam flink flink_cluster
#
# Everything but Debian packages goes to .peers/ at the repository root. A component that is there in the pinned
# version (versions.env) is left alone, so a second run does nothing. Quiet when all is well.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

LOG="$PEERS/install.log"

# run WHAT COMMAND...: the command's output goes to the log, whose end is shown when the command fails.
run() {
  local what="$1"
  shift
  echo "== $what: $*" >>"$LOG"
  if ! "$@" >>"$LOG" 2>&1; then
    tail -n 15 "$LOG" >&2
    die "$what failed: see $LOG"
  fi
}

# fresh NAME VERSIONS: true when NAME was installed with exactly these versions.
fresh() {
  [[ "$(cat "$PEERS/stamp/$1" 2>/dev/null || true)" == "$2" ]]
}

stamp() {
  mkdir -p "$PEERS/stamp"
  echo "$2" >"$PEERS/stamp/$1"
}

# debian PROGRAM PACKAGE: installs a distribution package unless the program is there.
debian() {
  have "$1" && return
  have apt-get || die "\`$1\` is missing: install it (Debian: apt-get install $2)"
  local as_root=()
  if [[ "$(id -u)" != 0 ]]; then
    if ! have sudo || ! sudo -n true 2>/dev/null; then
      die "\`$1\` is missing and needs root: sudo apt-get install $2"
    fi
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update >>"$LOG" 2>&1 || true # an old index may still do
  run "$2" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2"
}

install_python() {
  local packages=(
    "confluent-kafka==$CONFLUENT_KAFKA_VERSION" "kafka-python==$KAFKA_PYTHON_VERSION" "cramjam==$CRAMJAM_VERSION"
    "crc32c==$CRC32C_VERSION" "lz4==$LZ4_VERSION" "python-snappy==$PYTHON_SNAPPY_VERSION"
    "zstandard==$ZSTANDARD_VERSION" "boto3==$BOTO3_VERSION" "awscli==$AWSCLI_VERSION" "azure-eventhub==$AZURE_EVENTHUB_VERSION"
    "google-cloud-pubsub==$GOOGLE_CLOUD_PUBSUB_VERSION" "pytest==$PYTEST_VERSION" "pytest-timeout==$PYTEST_TIMEOUT_VERSION"
    "pytest-xdist==$PYTEST_XDIST_VERSION"
  )
  fresh python "${packages[*]}" && return
  need python3 "3.10 or newer"
  rm -rf "$VENV"
  python3 -m venv "$VENV" >>"$LOG" 2>&1 || die "python3 cannot make a virtual environment (Debian: python3-venv)"
  run python "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"
  stamp python "${packages[*]}"
}

# What azure-eventhub needs for WebSockets, beside the other packages: they need not be installed anew for it.
install_websocket() {
  local package="websocket-client==$WEBSOCKET_CLIENT_VERSION"
  fresh websocket "$package" && return
  install_python
  rm -rf "$WEBSOCKET_CLIENT"
  run websocket "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --target "$WEBSOCKET_CLIENT" "$package"
  stamp websocket "$package"
}

# What computes windows for the benchmarks: only packages, for any python3.
install_analytics() {
  local packages=("duckdb==$DUCKDB_VERSION" "polars==$POLARS_VERSION")
  fresh analytics "${packages[*]}" && return
  need python3 "3.10 or newer"
  rm -rf "$PEERS/analytics"
  run analytics python3 -m pip install --quiet --disable-pip-version-check --target "$PEERS/analytics" "${packages[@]}"
  stamp analytics "${packages[*]}"
}

# environment NAME PACKAGE...: a virtual environment of Python, .peers/NAME, with these packages.
environment() {
  local name="$1"
  shift
  need python3 "3.10 or newer"
  rm -rf "${PEERS:?}/$name"
  python3 -m venv "$PEERS/$name" >>"$LOG" 2>&1 || die "python3 cannot make a virtual environment (Debian: python3-venv)"
  run "$name" "$PEERS/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
  stamp "$name" "$*"
}

install_moto() {
  local package="moto[server]==$MOTO_VERSION"
  fresh moto "$package" && return
  environment moto "$package"
}

install_kafka() {
  local versions="kafka $KAFKA_VERSION log4j $LOG4J_VERSION"
  fresh kafka "$versions" && return
  java_command >/dev/null
  need mvn "Apache Maven, e.g. Debian's maven"
  rm -rf "$KAFKA_JARS"
  run kafka mvn -B -q -f "$PEERS_HOME/kafka/pom.xml" \
    "-Dkafka.version=$KAFKA_VERSION" "-Dlog4j.version=$LOG4J_VERSION" \
    "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN_VERSION:copy-dependencies" \
    "-DoutputDirectory=$KAFKA_JARS" -DincludeScope=runtime
  need_kafka
  stamp kafka "$versions"
}

install_elasticmq() {
  fresh elasticmq "$ELASTICMQ_VERSION" && return
  java_command >/dev/null
  need mvn "Apache Maven, e.g. Debian's maven"
  rm -rf "$ELASTICMQ_JARS"
  run elasticmq mvn -B -q -f "$PEERS_HOME/elasticmq/pom.xml" "-Delasticmq.version=$ELASTICMQ_VERSION" \
    "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN_VERSION:copy-dependencies" \
    "-DoutputDirectory=$ELASTICMQ_JARS" -DincludeScope=runtime
  need_elasticmq
  stamp elasticmq "$ELASTICMQ_VERSION"
}

install_kafkajs() {
  local packages=("kafkajs@$KAFKAJS_VERSION" "kafkajs-snappy@$KAFKAJS_SNAPPY_VERSION")
  fresh kafkajs "${packages[*]}" && return
  need node "Node.js 18 or newer"
  need npm "comes with Node.js"
  rm -rf "$PEERS/js"
  mkdir -p "$PEERS/js"
  echo '{"private": true}' >"$PEERS/js/package.json"
  run kafkajs npm --prefix "$PEERS/js" install --silent --no-audit --no-fund --save-exact "${packages[@]}"
  stamp kafkajs "${packages[*]}"
}

install_awssdk() {
  fresh awssdk "$AWSSDK_VERSION" && return
  java_command >/dev/null
  need mvn "Apache Maven, e.g. Debian's maven"
  rm -rf "$AWSSDK_JARS"
  run awssdk mvn -B -q -f "$PEERS_HOME/awssdk/pom.xml" "-Dawssdk.version=$AWSSDK_VERSION" \
    "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN_VERSION:copy-dependencies" \
    "-DoutputDirectory=$AWSSDK_JARS" -DincludeScope=runtime
  stamp awssdk "$AWSSDK_VERSION"
}

install_azuresdk() {
  fresh azuresdk "$AZURE_EVENTHUBS_JAVA_VERSION" && return
  java_command >/dev/null
  need mvn "Apache Maven, e.g. Debian's maven"
  rm -rf "$AZURESDK_JARS"
  run azuresdk mvn -B -q -f "$PEERS_HOME/azuresdk/pom.xml" "-Dazure.eventhubs.version=$AZURE_EVENTHUBS_JAVA_VERSION" \
    "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN_VERSION:copy-dependencies" \
    "-DoutputDirectory=$AZURESDK_JARS" -DincludeScope=runtime
  stamp azuresdk "$AZURE_EVENTHUBS_JAVA_VERSION"
}

# Servers and a client of Kinesis for Node.js, apart from the clients of Kafka.
install_kinesis_js() {
  local packages=("kinesalite@$KINESALITE_VERSION" "kinesis-local@$KINESIS_LOCAL_VERSION"
    "@aws-sdk/client-kinesis@$AWS_SDK_KINESIS_JS_VERSION")
  fresh kinesis_js "${packages[*]}" && return
  need node "Node.js 18 or newer"
  need npm "comes with Node.js"
  rm -rf "$PEERS/kinesis-js"
  mkdir -p "$PEERS/kinesis-js"
  echo '{"private": true}' >"$PEERS/kinesis-js/package.json"
  run kinesis_js npm --prefix "$PEERS/kinesis-js" install --silent --no-audit --no-fund --save-exact "${packages[@]}"
  stamp kinesis_js "${packages[*]}"
}

# A client of SQS for Node.js.
install_sqs_js() {
  local package="@aws-sdk/client-sqs@$AWS_SDK_SQS_JS_VERSION"
  fresh sqs_js "$package" && return
  need node "Node.js 18 or newer"
  need npm "comes with Node.js"
  rm -rf "$SQS_PEERS"
  mkdir -p "$SQS_PEERS"
  echo '{"private": true}' >"$SQS_PEERS/package.json"
  run sqs_js npm --prefix "$SQS_PEERS" install --silent --no-audit --no-fund --save-exact "$package"
  stamp sqs_js "$package"
}

install_azurite() {
  fresh azurite "$AZURITE_VERSION" && return
  need node "Node.js 18 or newer"
  need npm "comes with Node.js"
  rm -rf "$PEERS/azurite"
  mkdir -p "$PEERS/azurite"
  echo '{"private": true}' >"$PEERS/azurite/package.json"
  run azurite npm --prefix "$PEERS/azurite" install --silent --no-audit --no-fund --save-exact "azurite@$AZURITE_VERSION"
  stamp azurite "$AZURITE_VERSION"
}

install_pstest() {
  local module="$PEERS_HOME/pstest"
  local pinned="pstest $(cat "$module/go.sum" "$module/main.go" | cksum)"
  fresh pstest "$pinned" && return
  need go "the Go tool chain"
  mkdir -p "$PEERS/bin"
  run pstest go build -C "$module" -o "$PEERS/bin/pstest" .
  stamp pstest "$pinned"
}

install_azure_js() {
  local packages=("@azure/event-hubs@$AZURE_EVENT_HUBS_JS_VERSION" "ws@$WS_JS_VERSION")
  fresh azure-js "${packages[*]}" && return
  need node "Node.js 18 or newer"
  need npm "comes with Node.js"
  rm -rf "$PEERS/azure-js"
  mkdir -p "$PEERS/azure-js"
  echo '{"private": true}' >"$PEERS/azure-js/package.json"
  run azure-js npm --prefix "$PEERS/azure-js" install --silent --no-audit --no-fund --save-exact "${packages[@]}"
  stamp azure-js "${packages[*]}"
}

# Google's client of Pub/Sub for Node.js.
install_pubsub_js() {
  local package="@google-cloud/pubsub@$GOOGLE_CLOUD_PUBSUB_JS_VERSION"
  fresh pubsub-js "$package" && return
  need node "Node.js 18 or newer"
  need npm "comes with Node.js"
  rm -rf "$PEERS/pubsub-js"
  mkdir -p "$PEERS/pubsub-js"
  echo '{"private": true}' >"$PEERS/pubsub-js/package.json"
  run pubsub-js npm --prefix "$PEERS/pubsub-js" install --silent --no-audit --no-fund --save-exact "$package"
  stamp pubsub-js "$package"
}

install_gojq() {
  fresh gojq "$GOJQ_VERSION" && return
  need go "the Go tool chain"
  run gojq env GOBIN="$PEERS/bin" go install "github.com/itchyny/gojq/cmd/gojq@v$GOJQ_VERSION"
  stamp gojq "$GOJQ_VERSION"
}

install_jaq() {
  fresh jaq "$JAQ_VERSION" && return
  need cargo "the Rust tool chain"
  run jaq cargo install --quiet --locked --root "$PEERS" --version "$JAQ_VERSION" jaq
  stamp jaq "$JAQ_VERSION"
}

# Apache Beam's SDK for Python, in an environment of its own.
install_beam() {
  local packages=("apache-beam[yaml]==$BEAM_VERSION" "google-cloud-pubsub==$GOOGLE_CLOUD_PUBSUB_VERSION")
  fresh beam "${packages[*]}" && return
  environment beam "${packages[@]}"
}

# Apache Flink with its Python API, which runs SQL in one process.
install_flink() {
  local package="apache-flink==$FLINK_VERSION"
  fresh flink "$package" && return
  java_command >/dev/null
  environment flink "$package"
}

# Apache Flink's servers, with Beam's job server for them, which brings the Flink it was made for.
install_flink_cluster() {
  local versions="beam-runners-flink-1.16 $BEAM_FLINK_VERSION slf4j $SLF4J_VERSION"
  fresh flink_cluster "$versions" && return
  java_command >/dev/null
  need mvn "Apache Maven, e.g. Debian's maven"
  rm -rf "$FLINK_JARS"
  run flink_cluster mvn -B -q -f "$PEERS_HOME/flink/pom.xml" \
    "-Dbeam.runner.version=$BEAM_FLINK_VERSION" "-Dslf4j.version=$SLF4J_VERSION" \
    "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN_VERSION:copy-dependencies" \
    "-DoutputDirectory=$FLINK_JARS" -DincludeScope=runtime
  need_flink
  stamp flink_cluster "$versions"
}

install_one() {
  case "$1" in
    kcat | jq) debian "$1" "$1" ;;
    miller) debian mlr miller ;;
    python | websocket | moto | kafka | elasticmq | azurite | awssdk | azuresdk | kinesis_js | sqs_js | kafkajs | pstest | gojq | jaq | analytics | beam | flink | flink_cluster) "install_$1" ;;
    azure-js) install_azure_js ;;
    pubsub-js) install_pubsub_js ;;
    bench) for name in jq kcat miller gojq jaq analytics; do install_one "$name"; done ;;
    *) die "unknown component \`$1\`: kcat jq miller python websocket moto kafka elasticmq azurite awssdk azuresdk pubsub-js kinesis_js sqs_js kafkajs azure-js pstest gojq jaq analytics beam flink flink_cluster, or bench" ;;
  esac
}

mkdir -p "$PEERS"
[[ $# -gt 0 ]] || set -- kcat jq python websocket moto kafka elasticmq azurite awssdk azuresdk pubsub-js kinesis_js sqs_js kafkajs azure-js pstest
for name in "$@"; do
  install_one "$name"
done
