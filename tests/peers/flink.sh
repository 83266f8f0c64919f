#!/usr/bin/env bash
# A real Apache Flink cluster for tests, on loopback: a job manager, task managers, and Apache Beam's job server in front.
#
#   flink.sh start   [--data DIR] [--workers N]   starts it unless it runs; returns when all task managers have registered
#   flink.sh stop    [--data DIR]                  ends all its processes; logs are kept
#   flink.sh address [--data DIR]                  prints the addresses again
#
# start and address print one KEY=VALUE per line: REST (of the job manager), JOB_ENDPOINT and ARTIFACT_ENDPOINT (of the job
# server), PIDS, DATA. DIR is .peers/run/flink unless given; each of the N (2) task managers is a process with one slot.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

DEADLINE=120 # seconds until a start or a stop has failed

usage() { die "usage: flink.sh start|stop|address [--data DIR] [--workers N]"; }

# What Flink 1.16 and its serializers reach into, which Java 17 closes.
opened() {
  local package
  printf -- '--add-exports=java.base/sun.net.util=ALL-UNNAMED '
  for package in lang lang.invoke lang.reflect net nio text time util util.concurrent util.concurrent.atomic util.concurrent.locks; do
    printf -- '--add-opens=java.base/java.%s=ALL-UNNAMED ' "$package"
  done
}

# launch NAME HEAP CLASS ARGS...: a process of the cluster in the background; its output goes to NAME.log.
launch() {
  local name="$1" heap="$2"
  shift 2
  # shellcheck disable=SC2046 # one word per option
  FLINK_CONF_DIR="$DATA" "$(java_command)" "-Xmx$heap" -XX:+UseSerialGC $(opened) -cp "$FLINK_JARS/*" "$@" \
    >"$DATA/$name.log" 2>&1 </dev/null &
  echo $! >>"$DATA/pids"
  disown
}

# configure: writes flink-conf.yaml and address.env.
configure() {
  local rpc rest job artifact expansion
  read -r rpc rest job artifact expansion <<<"$(free_ports 5)"
  cat >"$DATA/flink-conf.yaml" <<CONFIGURATION
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: $rpc
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: $rest
taskmanager.host: 127.0.0.1
taskmanager.numberOfTaskSlots: 1
taskmanager.cpu.cores: 1
# What Flink's own scripts would calculate.
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 192m
taskmanager.memory.jvm-overhead.max: 192m
taskmanager.memory.task.heap.size: 384m
taskmanager.memory.task.off-heap.size: 64m
taskmanager.memory.network.min: 256m
taskmanager.memory.network.max: 256m
taskmanager.memory.managed.size: 128m
# Both take part: the tasks of a job do not gather at one of them.
cluster.evenly-spread-out-slots: true
io.tmp.dirs: $DATA/tmp
blob.storage.directory: $DATA/tmp
CONFIGURATION
  printf '%s\n' "REST=http://127.0.0.1:$rest" "JOB_ENDPOINT=127.0.0.1:$job" "ARTIFACT_ENDPOINT=127.0.0.1:$artifact" \
    >"$DATA/address.env"
  PORTS=("$rest" "$job" "$artifact" "$expansion")
}

# wait_until WHAT CONDITION...: polls the condition; ends the script when the deadline passes.
wait_until() {
  local what="$1" end=$((SECONDS + DEADLINE))
  shift
  until "$@"; do
    ((SECONDS < end)) || die "$what after $DEADLINE s: see the logs in $DATA"
    sleep 0.1
  done
}

# ours PID: is it a process of the installed jars, and not another one that has its number now?
ours() {
  [[ "$(ps -ww -p "$1" -o command= 2>/dev/null)" == *"$FLINK_JARS"* ]]
}

# alive: all of the cluster's processes.
alive() {
  [[ -s "$DATA/pids" ]] || return 1
  local pid
  while read -r pid; do
    ours "$pid" || return 1
  done <"$DATA/pids"
}

# registered N: do so many task managers have told the job manager of themselves, and does the job server listen?
registered() {
  local pid
  while read -r pid; do
    kill -0 "$pid" 2>/dev/null || die "a process of the cluster ended while starting: see the logs in $DATA"
  done <"$DATA/pids"
  python3 - "http://127.0.0.1:${PORTS[0]}/taskmanagers" "$1" "${PORTS[1]}" <<'PYTHON'
import json, socket, sys, urllib.request
url, count, port = sys.argv[1:]
try:
    managers = json.load(urllib.request.urlopen(url, timeout=5))["taskmanagers"]
    socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
except (OSError, ValueError):
    sys.exit(1)
sys.exit(len(managers) != int(count))
PYTHON
}

start() {
  need_flink
  need python3 "picks free ports"
  if ! alive; then
    rm -rf "$DATA" && mkdir -p "$DATA/tmp"
    configure
    local flink=org.apache.flink.runtime worker
    launch jobmanager 384m "$flink.entrypoint.StandaloneSessionClusterEntrypoint" --configDir "$DATA"
    for ((worker = 1; worker <= WORKERS; worker++)); do
      launch "taskmanager-$worker" 512m "$flink.taskexecutor.TaskManagerRunner" --configDir "$DATA"
    done
    launch jobserver 256m org.apache.beam.runners.flink.FlinkJobServerDriver --flink-master "127.0.0.1:${PORTS[0]}" \
      --job-host 127.0.0.1 --job-port "${PORTS[1]}" --artifact-port "${PORTS[2]}" --expansion-port "${PORTS[3]}" \
      --artifacts-dir "$DATA/artifacts"
    wait_until "the cluster does not serve" registered "$WORKERS"
  fi
  address
}

stop() {
  [[ -s "$DATA/pids" ]] || return 0
  local pid
  while read -r pid; do
    if ours "$pid"; then
      kill -KILL "$pid" # nothing of it is to be kept
    fi
  done <"$DATA/pids"
  rm -rf "$DATA/pids" "$DATA/tmp" "$DATA/artifacts"
}

address() {
  alive || die "no cluster runs in $DATA"
  cat "$DATA/address.env"
  printf 'PIDS=%s\nDATA=%s\n' "$(paste -sd, "$DATA/pids")" "$DATA"
}

[[ $# -gt 0 ]] || usage
ACTION="$1"
shift
DATA="$PEERS/run/flink" WORKERS=2
while [[ $# -gt 0 ]]; do
  case "$1" in
    --data) DATA="${2:?--data needs a directory}" && shift 2 ;;
    --workers) WORKERS="${2:?--workers needs a number}" && shift 2 ;;
    *) usage ;;
  esac
done
[[ "$DATA" == /* ]] || DATA="$PWD/$DATA"

case "$ACTION" in
  start) start ;;
  stop) stop ;;
  address) address ;;
  *) usage ;;
esac
