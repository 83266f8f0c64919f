#!/usr/bin/env bash
# Everything we demand of the Kafka emulator of a given `ssectl`, with clients that we did not write.
#
#   all.sh SSECTL [pytest arguments]      the suite, 20 rounds of SIGKILL under load, the footprint
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
