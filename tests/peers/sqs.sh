#!/usr/bin/env bash
# An independent SQS service for tests: ElasticMQ on loopback, in memory.
#
#   sqs.sh start   [--data DIR] [--port P]   starts it unless it runs; returns when it serves
#   sqs.sh stop    [--data DIR]              ends it; its queues are gone
#   sqs.sh address [--data DIR]              prints the address again
#
# start and address print one KEY=VALUE per line: ENDPOINT, PID, DATA, LOG. DIR, which holds settings and the log, is
# .peers/run/sqs unless given. SQS_HEAP (512m) sets the heap.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

DEADLINE=60 # seconds until a start or a stop has failed

usage() { die "usage: sqs.sh start|stop|address [--data DIR] [--port P]"; }

# running: is the process in the pid file alive, and our service?
running() {
  [[ -s "$DATA/pid" ]] && ps -p "$(<"$DATA/pid")" -o command= 2>/dev/null | grep -qF "$DATA/server.conf"
}

# wait_until WHAT CONDITION...: polls the condition; ends the script when the deadline passes.
wait_until() {
  local what="$1" end=$((SECONDS + DEADLINE))
  shift
  until "$@"; do
    ((SECONDS < end)) || die "$what after $DEADLINE s: see $DATA/server.log"
    sleep 0.1
  done
}

started() {
  kill -0 "$(<"$DATA/pid")" 2>/dev/null || die "the service ended while starting: see $DATA/server.log"
  grep -q "ElasticMQ server .* started" "$DATA/server.log"
}

stopped() { ! running; }

start() {
  need_elasticmq
  need python3 "picks a free port"
  mkdir -p "$DATA"
  if ! running; then
    local port="${PORT:-$(free_ports 1)}"
    sed "s|@PORT@|$port|g" "$PEERS_HOME/elasticmq/server.conf" >"$DATA/server.conf"
    echo "ENDPOINT=http://127.0.0.1:$port" >"$DATA/address.env"
    : >"$DATA/server.log"
    "$(java_command)" "-Xmx${SQS_HEAP:-512m}" "-Dconfig.file=$DATA/server.conf" -cp "$ELASTICMQ_JARS/*" \
      org.elasticmq.server.Main >"$DATA/server.log" 2>&1 </dev/null &
    echo $! >"$DATA/pid"
    disown
    wait_until "the service does not serve" started
  fi
  address
}

stop() {
  running || return 0
  kill "$(<"$DATA/pid")"
  wait_until "the service still runs" stopped
  rm -f "$DATA/pid"
}

address() {
  running || die "no service runs in $DATA"
  cat "$DATA/address.env"
  printf 'PID=%s\nDATA=%s\nLOG=%s\n' "$(<"$DATA/pid")" "$DATA" "$DATA/server.log"
}

[[ $# -gt 0 ]] || usage
ACTION="$1"
shift
DATA="$PEERS/run/sqs" PORT=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --data) DATA="${2:?--data needs a directory}" && shift 2 ;;
    --port) PORT="${2:?--port needs a number}" && shift 2 ;;
    *) usage ;;
  esac
done
[[ "$DATA" == /* ]] || DATA="$PWD/$DATA"

case "$ACTION" in
  start | stop | address) "$ACTION" ;;
  *) usage ;;
esac
