#!/usr/bin/env bash
# Our Kafka adapter against a real Apache Kafka: the suite of all adapters, plain and as at Event Hubs (SASL_SSL, the user
# `$ConnectionString`), logging in every way, outages.
#
#   adapter.sh
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"
RUN="$PEERS/run/adapter"

"$PEERS_HOME/install.sh" kafka kcat
"$PEERS_HOME/kafka.sh" kill --data "$RUN" # of a run that was interrupted
rm -rf "$RUN" && mkdir -p "$RUN"
trap '"$PEERS_HOME/kafka.sh" stop --data "$RUN"' EXIT
facts="$("$PEERS_HOME/kafka.sh" start --data "$RUN" --sasl)"
# fact NAME: what kafka.sh told.
fact() { sed -n "s/^$1=//p" <<<"$facts"; }
cd "$HERE/../.."
SSECTL_TEST_KAFKA="$(fact BOOTSTRAP)" cargo test --locked -p ssectl-adapter-kafka --test suite
printf -v login '{"tls": {"ca": "%s"}, "sasl": {"mechanism": "PLAIN", "username": "%s", "password": "%s"}}' \
  "$(fact CA_FILE)" "\$ConnectionString" "$(fact CONNECTION_STRING)"
SSECTL_TEST_KAFKA="$(fact SASL_SSL_BOOTSTRAP)" SSECTL_TEST_KAFKA_LOGIN="$login" \
  cargo test --locked -p ssectl-adapter-kafka --test suite conformance::
# What needs kcat.
cargo test --locked -p ssectl-adapter-kafka --test suite -- --ignored
cargo test --locked -p ssectl-adapter-kafka --test broker -- --ignored
