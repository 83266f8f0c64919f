#!/usr/bin/env bash
# Runs the conformance suite of SQS, with AWS's own clients: against moto, which it starts, or against another server.
#
#   sqs.sh                            moto: shows what an independent server makes of the tests
#   sqs.sh --emulator CMD             starts CMD, which prints `sqs HOST:PORT ready` on stderr, and tests that
#   sqs.sh --endpoint URL             a server that runs already
#          [--server NAME]            which one that is (moto, localstack), so that its known differences count as such
#
# What follows goes to pytest. Where a server is known to differ from what AWS documents, the test is marked with the
# reason and expected to fail there. The last line is `conformance: N passed, N failed, N skipped`; the exit code is not
# 0 when a test failed or none ran.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

EMULATOR="" ENDPOINT="" SERVER=ssectl
while [[ $# -gt 0 ]]; do
  case "$1" in
    --emulator) EMULATOR="${2:?--emulator needs a command}" && shift 2 ;;
    --endpoint) ENDPOINT="${2:?--endpoint needs a URL}" && shift 2 ;;
    --server) SERVER="${2:?--server needs a name}" && shift 2 ;;
    *) break ;;
  esac
done

RUN="$PEERS/run/sqs"
mkdir -p "$RUN"
# shellcheck source=emulator.sh
source "$HERE/emulator.sh"
trap stop_emulators EXIT

"$PEERS_HOME/install.sh" python sqs_js
if [[ -n "$EMULATOR" ]]; then
  start_emulator "$RUN/emulator" "$EMULATOR"
  ENDPOINT="http://$ADDRESS"
elif [[ -z "$ENDPOINT" ]]; then
  "$PEERS_HOME/install.sh" moto
  start_emulator "$RUN/moto" "$PEERS/moto/bin/python $PEERS_HOME/moto_server.py"
  ENDPOINT="http://$ADDRESS" SERVER=moto
fi

cd "$HERE"
code=0
SQS_JS="$SQS_PEERS" \
  "$VENV/bin/python" -m pytest -n "${CONFORMANCE_WORKERS:-4}" --dist worksteal --junit-xml="$RUN/report.xml" \
  sqs --aws-endpoint "$ENDPOINT" --aws-server "$SERVER" "$@" || code=$?
for pid in ${EMULATORS[@]+"${EMULATORS[@]}"}; do
  kill -0 "$pid" 2>/dev/null || { echo "the server did not survive the suite: see $RUN/*.log" && code=1; }
done
exit "$code"
