#!/usr/bin/env bash
# The windows of `ssectl window` against those of Apache Beam and Apache Flink, and scenarios that run on them.
#
#   beam.sh SSECTL            the program under test
#
# What follows goes to pytest. The last line is `conformance: N passed, N failed, N skipped`; the exit code is not 0 when a
# test failed or none ran.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

[[ $# -gt 0 && -x "$1" ]] || die "usage: beam.sh SSECTL: the program to test"
SSECTL="$(cd "$(dirname "$1")" && pwd)/${1##*/}"
shift
RUN="$PEERS/run/beam"
mkdir -p "$RUN"
"$PEERS_HOME/install.sh" python beam flink flink_cluster
cd "$HERE"
exec env PEERS_DIR="$PEERS" "$VENV/bin/python" -m pytest --junit-xml="$RUN/report.xml" beam --ssectl "$SSECTL" "$@"
