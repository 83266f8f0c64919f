#!/usr/bin/env bash
# Runs the conformance suite of Pub/Sub, with Google's own clients: against Google's own emulator, or against another
# server.
#
#   pubsub.sh                            Google's emulator, where the Google Cloud CLI has it
#   pubsub.sh --emulator CMD             starts CMD, which prints `pubsub HOST:PORT ready` on stderr, and tests that
#   pubsub.sh --address HOST:PORT        a server that runs already
#             [--server NAME]            which one that is (google), so that its known differences count as such
#
# What follows goes to pytest. Where a server is known to differ from what Google documents, the test is marked with the
# reason and expected to fail there. The last line is `conformance: N passed, N failed, N skipped`; the exit code is not
# 0 when a test failed or none ran.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

EMULATOR="" ADDRESS="" SERVER=ssectl
while [[ $# -gt 0 ]]; do
  case "$1" in
    --emulator) EMULATOR="${2:?--emulator needs a command}" && shift 2 ;;
    --address) ADDRESS="${2:?--address needs HOST:PORT}" && shift 2 ;;
    --server) SERVER="${2:?--server needs a name}" && shift 2 ;;
    *) break ;;
  esac
done

RUN="$PEERS/run/pubsub"
mkdir -p "$RUN"
# shellcheck source=emulator.sh
source "$HERE/emulator.sh"
trap stop_emulators EXIT

"$PEERS_HOME/install.sh" python pubsub-js
if [[ -n "$EMULATOR" ]]; then
  # Whom it trusts when it pushes over https.
  "$PEERS_HOME/tls.sh" "$RUN/tls"
  SSL_CERT_FILE="$RUN/tls/ca.crt" start_emulator "$RUN/emulator" "$EMULATOR"
elif [[ -z "$ADDRESS" ]]; then
  start_emulator "$RUN/google" "$PEERS_HOME/pubsub.sh google"
  SERVER=google
fi

cd "$HERE"
code=0
PUBSUB_JS="$PEERS/pubsub-js" PUBSUB_TLS="$RUN/tls" \
  "$VENV/bin/python" -m pytest -n "${CONFORMANCE_WORKERS:-8}" --dist worksteal --junit-xml="$RUN/report.xml" \
  pubsub --pubsub-address "$ADDRESS" --pubsub-server "$SERVER" "$@" || code=$?
for pid in ${EMULATORS[@]+"${EMULATORS[@]}"}; do
  kill -0 "$pid" 2>/dev/null || { echo "the server did not survive the suite: see $RUN/*.log" && code=1; }
done
exit "$code"
