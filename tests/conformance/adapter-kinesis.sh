#!/usr/bin/env bash
# Our Kinesis adapter against services that we did not write: the suite of all adapters, splits and merges, what other programs
# see of our records, leases in DynamoDB. What a service does not have is left out by name, here and nowhere else.
#
#   adapter-kinesis.sh [SERVER...]     all of them: kinesis-local kinesalite moto
#
# And a consumer that is killed in mid-stream, SSECTL_KILL_ROUNDS (20) times.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"
RUN="$PEERS/run/adapter-kinesis"

[[ $# -gt 0 ]] || set -- kinesis-local kinesalite moto
"$PEERS_HOME/install.sh" kinesis_js moto
cd "$HERE/../.."
trap 'for run in "$RUN"/*/; do "$PEERS_HOME/kinesis.sh" stop --data "$run"; done' EXIT

# start SERVER: serves anew, and prints where.
start() {
  "$PEERS_HOME/kinesis.sh" stop --data "$RUN/$1" # of a run that was interrupted
  rm -rf "${RUN:?}/$1" && mkdir -p "$RUN/$1"
  "$PEERS_HOME/kinesis.sh" start "$1" --data "$RUN/$1" | sed -n 's/^ENDPOINT=//p'
}

dynamodb="$(start moto)"
for server in "$@"; do
  endpoint="$dynamodb"
  [[ "$server" == moto ]] || endpoint="$(start "$server")"
  skip=()
  case "$server" in
    # It says the same of streams that end as of those that are silent, and knows no sizes of records.
    moto) skip=(--skip too_large_records_are_rejected_by_index) ;;
  esac
  echo "== $server"
  SSECTL_TEST_KINESIS="$endpoint" SSECTL_TEST_DYNAMODB="$dynamodb" \
    cargo test --locked -p ssectl-adapter-kinesis --test suite -- "${skip[@]}"
done
SSECTL_KILL_ROUNDS="${SSECTL_KILL_ROUNDS:-20}" cargo test --locked --test it kinesis::kill_9
