#!/usr/bin/env bash
# A real Apache Kafka broker for tests: one KRaft node on loopback.
#
#   kafka.sh start   [--data DIR] [--port P] [--sasl]   starts it unless it runs; returns when it serves
#   kafka.sh stop    [--data DIR]                        clean stop; data and logs are kept
#   kafka.sh restart [--data DIR]                        stop and start with the same data and ports
#   kafka.sh kill    [--data DIR]                        SIGKILL
#   kafka.sh address [--data DIR]                        prints the addresses again
#
# start, restart and address print one KEY=VALUE per line: BOOTSTRAP, PID, DATA, LOG. With --sasl also SASL_BOOTSTRAP
# (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER with unsigned tokens), SASL_SSL_BOOTSTRAP (the same over TLS),
# SSL_BOOTSTRAP (client certificate required), SASL_USER, SASL_PASSWORD, CA_FILE, CLIENT_CERT, CLIENT_KEY, and
# CONNECTION_STRING, the password of the user `$ConnectionString` of PLAIN, as at the Kafka endpoint of Event Hubs.
# DIR is .peers/run/kafka unless given; brokers in different directories run side by side.
# KAFKA_HEAP (512m) sets the heap.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

USER_NAME=alice
PASSWORD=alice-secret
CONNECTION_STRING="Endpoint=sb://127.0.0.1/;SharedAccessKeyName=root;SharedAccessKey=c2VjcmV0" # of nothing that exists
CLUSTER_ID=c3NlY3RsLXBlZXItMDAwMQ # 16 bytes, base64url
DEADLINE=90                       # seconds until a start or a stop has failed

usage() { die "usage: kafka.sh start|stop|restart|kill|address [--data DIR] [--port P] [--sasl]"; }

# running: is the process in the pid file alive, and our broker?
running() {
  [[ -s "$DATA/pid" ]] && ps -p "$(<"$DATA/pid")" -o command= 2>/dev/null | grep -qF "$DATA/server.properties"
}

# kafka_java HEAP CLASS ARGS...: becomes a Kafka class on the installed jars; call it in a subshell.
kafka_java() {
  local heap="$1"
  shift
  exec "$(java_command)" "-Xmx$heap" "-Dlog4j2.configurationFile=$PEERS_HOME/kafka/log4j2.yaml" \
    -cp "$KAFKA_JARS/*" "$@"
}

# configure: writes server.properties and address.env, and formats the storage. Done once per directory.
configure() {
  local port controller sasl sasl_ssl ssl secure=""
  read -r port controller sasl sasl_ssl ssl <<<"$(free_ports 5)"
  port="${PORT:-$port}"
  echo "BOOTSTRAP=127.0.0.1:$port" >"$DATA/address.new"
  local module="org.apache.kafka.common.security"
  local plain="$module.plain.PlainLoginModule required user_$USER_NAME=\"$PASSWORD\""
  plain+=" user_\$ConnectionString=\"$CONNECTION_STRING\";"
  local scram="$module.scram.ScramLoginModule required;"
  local oauth="$module.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"$USER_NAME\";"
  local users=()
  if [[ -n "$SASL" ]]; then
    secure=",SASL_PLAINTEXT://127.0.0.1:$sasl,SASL_SSL://127.0.0.1:$sasl_ssl,SSL://127.0.0.1:$ssl"
    "$PEERS_HOME/tls.sh" "$DATA/tls"
    cat >>"$DATA/address.new" <<ADDRESS
SASL_BOOTSTRAP=127.0.0.1:$sasl
SASL_SSL_BOOTSTRAP=127.0.0.1:$sasl_ssl
SSL_BOOTSTRAP=127.0.0.1:$ssl
SASL_USER=$USER_NAME
SASL_PASSWORD=$PASSWORD
CONNECTION_STRING=$CONNECTION_STRING
CA_FILE=$DATA/tls/ca.crt
CLIENT_CERT=$DATA/tls/client.crt
CLIENT_KEY=$DATA/tls/client.key
ADDRESS
    for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
      users+=(--add-scram "$mechanism=[name=$USER_NAME,password=$PASSWORD]")
    done
  fi
  cat "$PEERS_HOME/kafka/server.properties" ${SASL:+"$PEERS_HOME/kafka/secure.properties"} \
    | sed -e "s|@PORT@|$port|g; s|@CONTROLLER_PORT@|$controller|g; s|@SECURE_LISTENERS@|$secure|; s|@DATA@|$DATA|g" \
      -e "s|@PLAIN@|$plain|; s|@SCRAM@|$scram|; s|@OAUTH@|$oauth|" >"$DATA/server.properties"
  (kafka_java 256m kafka.tools.StorageTool format --cluster-id "$CLUSTER_ID" --config "$DATA/server.properties" \
    "${users[@]}") >"$DATA/format.log" 2>&1 || die "cannot format the storage: see $DATA/format.log"
  mv "$DATA/address.new" "$DATA/address.env"
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

# started SEEN: has the broker said that it serves, after the first SEEN bytes of its log?
started() {
  kill -0 "$(<"$DATA/pid")" 2>/dev/null || die "the broker ended while starting: see $DATA/server.log"
  tail -c "+$(($1 + 1))" "$DATA/server.log" | grep -q "Kafka Server started"
}

stopped() { ! running; }

start() {
  need_kafka
  need python3 "picks free ports"
  mkdir -p "$DATA"
  if ! running; then
    [[ -e "$DATA/address.env" ]] || configure
    local seen
    touch "$DATA/server.log"
    seen="$(wc -c <"$DATA/server.log")"
    kafka_java "${KAFKA_HEAP:-512m}" kafka.Kafka "$DATA/server.properties" \
      >>"$DATA/server.log" 2>&1 </dev/null &
    echo $! >"$DATA/pid"
    disown
    wait_until "the broker does not serve" started "$seen"
  fi
  address
}

# end SIGNAL: sends it and waits until the process is gone.
end() {
  running || return 0
  kill "-$1" "$(<"$DATA/pid")"
  wait_until "the broker still runs" stopped
  rm -f "$DATA/pid"
}

address() {
  running || die "no broker runs in $DATA"
  cat "$DATA/address.env"
  printf 'PID=%s\nDATA=%s\nLOG=%s\n' "$(<"$DATA/pid")" "$DATA" "$DATA/server.log"
}

[[ $# -gt 0 ]] || usage
ACTION="$1"
shift
DATA="$PEERS/run/kafka" PORT="" SASL=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --data) DATA="${2:?--data needs a directory}" && shift 2 ;;
    --port) PORT="${2:?--port needs a number}" && shift 2 ;;
    --sasl) SASL=yes && shift ;;
    *) usage ;;
  esac
done
[[ "$DATA" == /* ]] || DATA="$PWD/$DATA"

case "$ACTION" in
  start) start ;;
  stop) end TERM ;;
  kill) end KILL ;;
  restart) end TERM && start ;;
  address) address ;;
  *) usage ;;
esac
