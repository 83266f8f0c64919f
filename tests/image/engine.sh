# Docker or Podman: `build`, `run`, `start` and the rest for image.sh. Sourced with the engine's name.

ENGINE="$1"
CONTAINER="$NAME-test-$$"
PORT=9092

build() { "$ENGINE" build --tag "$NAME" .; }

# run ARGS...: as users do, with stdin.
run() { "$ENGINE" run --rm --interactive "$NAME" "$@"; }

user_of_process() {
  "$ENGINE" run --detach --interactive --name "$CONTAINER" "$NAME" transform . >/dev/null
  "$ENGINE" top "$CONTAINER" -eo pid,uid | awk 'END { print $2 }'
  "$ENGINE" rm --force "$CONTAINER" >/dev/null
}

start() {
  "$ENGINE" run --detach --publish 127.0.0.1::9092 --name "$CONTAINER" "$NAME" "$@" >/dev/null
  "$ENGINE" logs --follow "$CONTAINER" >"$WORK/log" 2>&1 &
}

published_port() { "$ENGINE" port "$CONTAINER" 9092/tcp | sed -n '1s/.*://p'; }

# stop_emulator: SIGTERM; sets CODE to what it ends with. SIGKILL after 20 s shows as 137.
stop_emulator() {
  "$ENGINE" stop --time 20 "$CONTAINER" >/dev/null
  CODE="$("$ENGINE" inspect --format '{{.State.ExitCode}}' "$CONTAINER")"
}

stop_container() { "$ENGINE" rm --force "$CONTAINER" >/dev/null 2>&1 || true; }

size() { "$ENGINE" image inspect --format '{{.Size}}' "$NAME" | awk '{ printf "%.0f MB\n", $1 / 1e6 }'; }
