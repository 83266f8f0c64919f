#!/usr/bin/env bash
# Everything we demand of a given `ssectl` against programs that we did not write.
#
#   all.sh SSECTL [pytest arguments]      20 rounds of SIGKILL under load, as many for a consumer of each service, the
#                                         footprint, our scenarios on the emulator and on a real Apache Kafka, streams of a
#                                         scenario made and removed on seven servers, our adapters
#                                         on that Kafka, on ElasticMQ, on pstest, on Azurite and on three services of
#                                         Kinesis, then the emulators' suites: Kafka; Pub/Sub with Google's clients, Event
#                                         Hubs with Azure's, Kinesis and SQS with AWS's, which other servers have to pass
#                                         as far as they can; and all of them with one log (`--bridge`)
#
# RELEASE is a program that is built as it is shipped: its footprint is what counts, that of SSECTL where there is none.
# DURABILITY_ROUNDS (20) is the number of kills of a broker, KILL_ROUNDS (20) that of kills of each service's consumer.
# All parts run; the exit code is not 0 when one of them failed.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

[[ $# -gt 0 && -x "$1" ]] || die "usage: all.sh SSECTL: the program to test"
SSECTL="$(cd "$(dirname "$1")" && pwd)/${1##*/}"
shift
START="$SSECTL emulator --only kafka --kafka-port"
failed=0

"$PEERS_HOME/install.sh"
"$VENV/bin/python" "$HERE/durability.py" --rounds "${DURABILITY_ROUNDS:-20}" \
  --emulator "$START {port} --data-dir {data}" || failed=1
"$VENV/bin/python" "$HERE/kills.py" "$SSECTL" --rounds "${KILL_ROUNDS:-20}" || failed=1
"$VENV/bin/python" "$HERE/footprint.py" --emulator "${RELEASE:-$SSECTL} emulator --only kafka --kafka-port 0" || failed=1
"$VENV/bin/python" "$HERE/footprint.py" --last eventhubs --ready-ms 100 --idle-mb 50 \
  --emulator "${RELEASE:-$SSECTL} emulator --kafka-port 0 --pubsub-port 0 --aws-port 0 --eventhubs-port 0" || failed=1
"$HERE/scenarios.sh" "$SSECTL" || failed=1
"$VENV/bin/python" "$HERE/cloud.py" "$SSECTL" || failed=1
"$HERE/adapter.sh" || failed=1
"$HERE/adapter-sqs.sh" || failed=1
"$HERE/adapter-kinesis.sh" || failed=1
"$HERE/adapter-pubsub.sh" || failed=1
"$HERE/adapter-eventhubs.sh" || failed=1
"$HERE/run.sh" --emulator "$START 0" \
  --emulator-sasl "env SSECTL_EMULATOR_USERS=alice:alice-secret $START 0" "$@" || failed=1
"$HERE/kinesis.sh" --emulator "$SSECTL emulator --only kinesis --aws-port 0" || failed=1
"$HERE/kinesis.sh" || failed=1
"$HERE/kinesis.sh" --server kinesalite || failed=1
# Not kinesis-local: its streams and consumers change when they like, so where it differs is not the same in every run.
"$HERE/pubsub.sh" --emulator "$SSECTL emulator --only pubsub --pubsub-port 0" || failed=1
if "$PEERS_HOME/pubsub.sh" has-google; then
  "$HERE/pubsub.sh" || failed=1
else
  echo "skipped: the suite of Pub/Sub on Google's emulator, which is not installed"
fi
"$HERE/sqs.sh" --emulator "$SSECTL emulator --only sqs --aws-port 0" || failed=1
"$HERE/sqs.sh" || failed=1
"$HERE/eventhubs.sh" --emulator "$SSECTL emulator --only eventhubs --eventhubs-port 0" || failed=1
"$HERE/bridge.sh" "$SSECTL" || failed=1
exit "$failed"
