#!/usr/bin/env bash
# Independent Kinesis services for tests, on loopback and in memory.
#
#   kinesis.sh start SERVER   [--data DIR]   starts it unless it runs; returns when it serves
#   kinesis.sh stop           [--data DIR]   ends it; its streams are gone
#   kinesis.sh address        [--data DIR]   prints the address again
#
# SERVER is kinesis-local (kinesis-mock), kinesalite or moto, which serves DynamoDB too. start and address print one
# KEY=VALUE per line: ENDPOINT, PID, DATA, LOG. DIR, which holds the log, is .peers/run/kinesis unless given.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

DEADLINE=60 # seconds until a start or a stop has failed
MODULES="$KINESIS_PEERS/node_modules"

usage() { die "usage: kinesis.sh start SERVER|stop|address [--data DIR]"; }

# running: is the process in the pid file alive?
running() { [[ -s "$DATA/pid" ]] && kill -0 "$(<"$DATA/pid")" 2>/dev/null; }

# wait_until WHAT CONDITION...: polls the condition; ends the script when the deadline passes.
wait_until() {
  local what="$1" end=$((SECONDS + DEADLINE))
  shift
  until "$@"; do
    ((SECONDS < end)) || die "$what after $DEADLINE s: see $DATA/server.log"
    sleep 0.1
  done
}

# started: does anything answer there?
started() {
  running || die "the service ended while starting: see $DATA/server.log"
  case "$SERVER" in
    moto) ENDPOINT="$(sed -n 's/^moto \(.*\) ready$/http:\/\/\1/p' "$DATA/server.log")" && [[ -n "$ENDPOINT" ]] ;;
    *) python3 -c "import socket; socket.create_connection(('127.0.0.1', $PORT), 1)" 2>/dev/null ;;
  esac
}

stopped() { ! running; }

# serve COMMAND...: in the background, with its output in the log.
serve() {
  "$@" >"$DATA/server.log" 2>&1 </dev/null &
  echo $! >"$DATA/pid"
  disown
}

# Streams change at once, and there may be many.
kinesis_local() {
  local at_once=()
  for what in CREATE_STREAM DELETE_STREAM REGISTER_STREAM_CONSUMER DEREGISTER_STREAM_CONSUMER MERGE_SHARDS SPLIT_SHARD \
    UPDATE_SHARD_COUNT UPDATE_STREAM_MODE; do
    at_once+=("${what}_DURATION=5ms")
  done
  serve env "${at_once[@]}" SHARD_LIMIT=100000 LOG_LEVEL=ERROR KINESIS_MOCK_PLAIN_PORT="$PORT" \
    KINESIS_MOCK_TLS_PORT="$(free_ports 1)" KINESIS_MOCK_CERT_PATH="$MODULES/kinesis-local/server.json" \
    node "$MODULES/kinesis-local/main.js"
}

kinesalite() {
  serve node "$MODULES/kinesalite/cli.js" --port "$PORT" --createStreamMs 5 --deleteStreamMs 5 --updateStreamMs 5 \
    --shardLimit 100000
}

start() {
  need python3 "picks a free port"
  mkdir -p "$DATA"
  if ! running; then
    PORT="$(free_ports 1)"
    ENDPOINT="http://127.0.0.1:$PORT"
    case "$SERVER" in
      kinesis-local) kinesis_local ;;
      kinesalite) kinesalite ;;
      moto) serve "$PEERS/moto/bin/python" "$PEERS_HOME/moto_server.py" ;;
      *) usage ;;
    esac
    wait_until "the service does not serve" started
    echo "ENDPOINT=$ENDPOINT" >"$DATA/address.env"
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
SERVER=""
if [[ "$ACTION" == start ]]; then
  SERVER="${1:-}"
  [[ -n "$SERVER" ]] || usage
  shift
fi
DATA="$PEERS/run/kinesis"
while [[ $# -gt 0 ]]; do
  case "$1" in
    --data) DATA="${2:?--data needs a directory}" && shift 2 ;;
    *) usage ;;
  esac
done
[[ "$DATA" == /* ]] || DATA="$PWD/$DATA"

case "$ACTION" in
  start | stop | address) "$ACTION" ;;
  *) usage ;;
esac
