#!/usr/bin/env bash
# Our Event Hubs adapter beyond `make test`: 20 rounds of SIGKILL, and checkpoints in a blob storage that we did not write
# (Azurite).
#
#   adapter-eventhubs.sh
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"
RUN="$PEERS/run/adapter-eventhubs"

"$PEERS_HOME/install.sh" azurite
"$PEERS_HOME/blob.sh" stop --data "$RUN" # of a run that was interrupted
rm -rf "$RUN" && mkdir -p "$RUN"
trap '"$PEERS_HOME/blob.sh" stop --data "$RUN"' EXIT
container="$("$PEERS_HOME/blob.sh" start --data "$RUN" | sed -n 's/^CONTAINER=//p')"
cd "$HERE/../.."
SSECTL_TEST_EVENTHUBS_ROUNDS="${DURABILITY_ROUNDS:-20}" SSECTL_TEST_BLOB_CONTAINER="$container" \
  cargo test --locked -p ssectl-adapter-eventhubs --test suite -- crash::a_consumer blob:: --include-ignored
