#!/usr/bin/env bash
# Our Pub/Sub adapter against a service that we did not write, the pstest of Google's Go client: the suite of all adapters and the
# order of keys. It speaks gRPC alone, so this is the way of messages; topics and subscriptions, seeks, snapshots and
# exactly-once acknowledgements, which it does not have, are tested over our emulator.
#
#   adapter-pubsub.sh
#
# And a consumer that is killed in mid-stream, SSECTL_KILL_ROUNDS (20) times, over our emulator.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"
RUN="$PEERS/run/adapter-pubsub"

"$PEERS_HOME/install.sh" pstest
mkdir -p "$RUN"
"$PEERS/bin/pstest" 2>"$RUN/pstest.log" &
PSTEST=$!
trap 'kill "$PSTEST"' EXIT
end=$((SECONDS + 30))
until grep -q ' ready,' "$RUN/pstest.log"; do
  kill -0 "$PSTEST" || die "pstest ended while starting: see $RUN/pstest.log"
  ((SECONDS < end)) || die "pstest does not serve after 30 s: see $RUN/pstest.log"
  sleep 0.1
done
read -r _ grpc _ _ control <"$RUN/pstest.log"
cd "$HERE/../.."
# pstest looks at every message of a subscription for each delivery, so 100,000 of them take an hour. And without the
# administration a missing topic is known with the first message, not when it is opened.
SSECTL_TEST_PSTEST="$grpc $control" cargo test --locked -p ssectl-adapter-pubsub --test pstest -- \
  --skip a_hundred_thousand_records_survive --skip reading_a_missing_stream_is_an_error
SSECTL_KILL_ROUNDS="${SSECTL_KILL_ROUNDS:-20}" cargo test --locked --test it pubsub::kill_9
