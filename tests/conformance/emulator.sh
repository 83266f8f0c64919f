# shellcheck shell=bash disable=SC2034
# Starts and stops emulators for the scripts beside it. Sourced, after common.sh.

EMULATORS=() # process ids

# start_emulator PREFIX COMMAND: starts it, sets ADDRESS to what it prints when it is ready; its log is PREFIX.log.
start_emulator() {
  local log="$1.log" fifo="$1.stdin" end=$((SECONDS + 30)) held
  rm -f "$fifo" && mkfifo "$fifo"
  : >"$log" # an earlier run's address is not ours
  exec {held}<>"$fifo" # its standard input stays open and silent
  # shellcheck disable=SC2086 # the command is meant to be split into words
  become $2 <&"$held" >"$log" 2>&1 &
  EMULATORS+=("$!")
  until ADDRESS="$(sed -nE 's/^[a-z]+ ([^ ]*:[0-9]+) (.* )?ready.*/\1/p' "$log")" && [[ -n "$ADDRESS" ]]; do
    kill -0 "$!" 2>/dev/null || die "the emulator ended: $(tail -n 3 "$log")"
    ((SECONDS < end)) || die "the emulator is not ready after 30 s: see $log"
    sleep 0.02
  done
}

# become WORDS...: is replaced by the command, so that its process id is the emulator's.
become() { exec "$@"; }

# stop_emulators: ends all that were started; succeeds in any case.
stop_emulators() {
  local pid
  for pid in ${EMULATORS[@]+"${EMULATORS[@]}"}; do
    kill "$pid" 2>/dev/null || continue # it has ended already
    wait "$pid" 2>/dev/null || true     # how it ended is not asked here
  done
}
