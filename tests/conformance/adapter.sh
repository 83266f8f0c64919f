#!/usr/bin/env bash
# Our Kafka adapter against a real Apache Kafka: the suite of all adapters, logging in every way, outages.
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
address="$("$PEERS_HOME/kafka.sh" start --data "$RUN" | sed -n 's/^BOOTSTRAP=//p')"
cd "$HERE/../.."
SSECTL_TEST_KAFKA="$address" cargo test --locked -p ssectl-adapter-kafka --test suite
# What needs kcat.
cargo test --locked -p ssectl-adapter-kafka --test suite -- --ignored
cargo test --locked -p ssectl-adapter-kafka --test broker -- --ignored
