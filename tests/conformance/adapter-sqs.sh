#!/usr/bin/env bash
# Our SQS adapter against a service that we did not write, ElasticMQ: the suite of all adapters, order in FIFO queues,
# leases, what other programs see of our messages.
#
#   adapter-sqs.sh
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"
RUN="$PEERS/run/adapter-sqs"

"$PEERS_HOME/install.sh" elasticmq
"$PEERS_HOME/sqs.sh" stop --data "$RUN" # of a run that was interrupted
rm -rf "$RUN" && mkdir -p "$RUN"
trap '"$PEERS_HOME/sqs.sh" stop --data "$RUN"' EXIT
endpoint="$("$PEERS_HOME/sqs.sh" start --data "$RUN" | sed -n 's/^ENDPOINT=//p')"
cd "$HERE/../.."
SSECTL_TEST_SQS="$endpoint" cargo test --locked -p ssectl-adapter-sqs --test suite
