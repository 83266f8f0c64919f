#!/usr/bin/env bash
# Runs the conformance suite of Kinesis, with AWS's own clients: against an independent server, which it starts, or
# against another one.
#
#   kinesis.sh                            moto: shows what an independent server makes of the tests
#   kinesis.sh --server kinesalite        the same with kinesalite, or kinesis-local
#   kinesis.sh --emulator CMD             starts CMD, which prints `NAME HOST:PORT ready` on stderr, and tests that
#   kinesis.sh --endpoint URL             a server that runs already
#              [--server NAME]            which one that is (moto, kinesalite, kinesis-local), so that its known differences count as such
#
# What follows goes to pytest. Where a server is known to differ from what AWS documents, the test is marked with the
# reason and expected to fail there. The last line is `conformance: N passed, N failed, N skipped`; the exit code is not
# 0 when a test failed or none ran.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

EMULATOR="" ENDPOINT="" SERVER=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --emulator) EMULATOR="${2:?--emulator needs a command}" && shift 2 ;;
    --endpoint) ENDPOINT="${2:?--endpoint needs a URL}" && shift 2 ;;
    --server) SERVER="${2:?--server needs a name}" && shift 2 ;;
    *) break ;;
  esac
done

RUN="$PEERS/run/kinesis"
mkdir -p "$RUN"
# shellcheck source=emulator.sh
source "$HERE/emulator.sh"
trap stop_emulators EXIT

"$PEERS_HOME/install.sh" python awssdk kinesis_js
if [[ -n "$EMULATOR" ]]; then
  start_emulator "$RUN/emulator" "$EMULATOR"
  ENDPOINT="http://$ADDRESS"
elif [[ -z "$ENDPOINT" ]]; then
  SERVER="${SERVER:-moto}"
  [[ "$SERVER" != moto ]] || "$PEERS_HOME/install.sh" moto
  trap '"$PEERS_HOME/kinesis.sh" stop --data "$RUN/peer" >/dev/null' EXIT
  ENDPOINT="$("$PEERS_HOME/kinesis.sh" start "$SERVER" --data "$RUN/peer" | sed -n 's/^ENDPOINT=//p')"
fi

cd "$HERE"
code=0
AWSSDK_JARS="$AWSSDK_JARS" KINESIS_JS="$PEERS/kinesis-js" \
  "$VENV/bin/python" -m pytest -n "${CONFORMANCE_WORKERS:-4}" --dist worksteal --junit-xml="$RUN/report.xml" \
  kinesis --aws-endpoint "$ENDPOINT" --aws-server "${SERVER:-ssectl}" "$@" || code=$?
for pid in ${EMULATORS[@]+"${EMULATORS[@]}"}; do
  kill -0 "$pid" 2>/dev/null || { echo "the server did not survive the suite: see $RUN/*.log" && code=1; }
done
exit "$code"
