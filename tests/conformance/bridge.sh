#!/usr/bin/env bash
# Runs the suite of `ssectl emulator --bridge`: what the clients of one service write, those of all services read.
#
#   bridge.sh SSECTL          the program; the tests start it, kill it and start it again
#
# What follows goes to pytest. The last line is `conformance: N passed, N failed, N skipped`; the exit code is not 0 when a
# test failed or none ran.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

[[ $# -gt 0 && -x "$1" ]] || die "usage: bridge.sh SSECTL: the program to test"
SSECTL="$(cd "$(dirname "$1")" && pwd)/${1##*/}"
shift
RUN="$PEERS/run/bridge"
mkdir -p "$RUN"
"$PEERS_HOME/install.sh" python
cd "$HERE"
exec "$VENV/bin/python" -m pytest -n "${CONFORMANCE_WORKERS:-4}" --dist worksteal --junit-xml="$RUN/report.xml" \
  bridge --ssectl "$SSECTL" "$@"
