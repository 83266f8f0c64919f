#!/usr/bin/env bash
# Everything we demand of a given `ssectl` against programs that we did not write.
#
#   all.sh SSECTL [pytest arguments]      the emulator's suite, 20 rounds of SIGKILL under load, the footprint, and
#                                         our scenarios on the emulator and on a real Apache Kafka
#
# DURABILITY_ROUNDS (20) is the number of kills. Ends at the first part that fails.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

[[ $# -gt 0 && -x "$1" ]] || die "usage: all.sh SSECTL: the program to test"
SSECTL="$(cd "$(dirname "$1")" && pwd)/${1##*/}"
shift
START="$SSECTL emulator --only kafka --kafka-port"

"$HERE/run.sh" --emulator "$START 0" \
  --emulator-sasl "env SSECTL_EMULATOR_USERS=alice:alice-secret $START 0" "$@"
"$VENV/bin/python" "$HERE/durability.py" --rounds "${DURABILITY_ROUNDS:-20}" \
  --emulator "$START {port} --data-dir {data}"
"$VENV/bin/python" "$HERE/footprint.py" --emulator "$START 0"
"$HERE/scenarios.sh" "$SSECTL"
