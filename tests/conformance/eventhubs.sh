#!/usr/bin/env bash
# Runs the conformance suite of Event Hubs, with Microsoft's own clients (Python, JavaScript, Java) and a bare AMQP client.
#
#   eventhubs.sh --emulator CMD       starts CMD, which prints `eventhubs HOST:PORT ready` on stderr, and tests that
#   eventhubs.sh --endpoint HOST:PORT a server that runs already and lets hubs be made over HTTP
#
# What follows goes to pytest. There is no independent server of Event Hubs that runs without Docker, so the suite asks only
# for what the service documents and its clients rely on. The exit code is not 0 when a test failed or none ran.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

EMULATOR="" ENDPOINT=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --emulator) EMULATOR="${2:?--emulator needs a command}" && shift 2 ;;
    --endpoint) ENDPOINT="${2:?--endpoint needs an address}" && shift 2 ;;
    *) break ;;
  esac
done
[[ -n "$EMULATOR$ENDPOINT" ]] || die "usage: eventhubs.sh --emulator CMD | --endpoint HOST:PORT"

RUN="$PEERS/run/eventhubs"
mkdir -p "$RUN"
# shellcheck source=emulator.sh
source "$HERE/emulator.sh"
trap stop_emulators EXIT

"$PEERS_HOME/install.sh" python azure-js azuresdk
if [[ -n "$EMULATOR" ]]; then
  start_emulator "$RUN/emulator" "$EMULATOR"
  ENDPOINT="$ADDRESS"
fi

cd "$HERE"
code=0
AZURE_JS="$PEERS/azure-js" AZURESDK_JARS="$AZURESDK_JARS" \
  "$VENV/bin/python" -m pytest -n "${CONFORMANCE_WORKERS:-4}" --dist worksteal \
  --junit-xml="$RUN/report.xml" eventhubs --eventhubs-endpoint "$ENDPOINT" "$@" || code=$?
for pid in ${EMULATORS[@]+"${EMULATORS[@]}"}; do
  kill -0 "$pid" 2>/dev/null || { echo "the server did not survive the suite: see $RUN/*.log" && code=1; }
done
exit "$code"
