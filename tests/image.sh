#!/usr/bin/env bash
# Builds the container image and tests it as its users run it.
#
#   image.sh             with docker or podman, if one answers; else with buildah, on base images made locally
#   image.sh buildah     the latter in any case (Debian: apt-get install buildah mmdebstrap; needs root)
#
# NAME (ssectl) is the image's name. The last line is `image: N passed, N failed`.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$HERE/.."

NAME="${NAME:-ssectl}"
WORK="$(mktemp -d)"
trap 'stop_container; rm -rf "$WORK"' EXIT

die() {
  echo "image: $*" >&2
  exit 1
}

# pick_engine [NAME]: loads the functions `build`, `run`, `start`, `stop_container` and `size` of an engine.
pick_engine() {
  local engine="${1:-}"
  if [[ -z "$engine" ]]; then
    for engine in docker podman buildah; do
      [[ "$engine" == buildah ]] || ! timeout 20 "$engine" info >/dev/null 2>&1 || break
    done
  fi
  case "$engine" in
    docker | podman) source "$HERE/image/engine.sh" "$engine" ;;
    buildah) source "$HERE/image/buildah.sh" ;;
    *) die "unknown engine \`$engine\`: docker, podman or buildah" ;;
  esac
  echo "image: built and run with $engine"
}

passed=0 failed=0
# check WHAT WANTED FOUND
check() {
  if [[ "$2" == "$3" ]]; then
    passed=$((passed + 1))
    echo "ok: $1"
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\n  wanted: %s\n  found:  %s\n' "$1" "$2" "$3"
  fi
}

# status COMMAND...: its exit code, its output out of sight.
status() {
  local code=0
  "$@" >"$WORK/out" 2>&1 </dev/null || code=$?
  echo "$code"
}

# wait_for FILE PATTERN: until a line of the file matches; fails after 30 s.
wait_for() {
  local end=$((SECONDS + 30))
  until grep -q "$2" "$1" 2>/dev/null; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

test_filter() {
  check "it is a filter: stdin to stdout" '{"text":"HELLO"}' \
    "$(echo '{"text":"hello"}' | run transform '.text |= ascii_upcase')"
  check "exit codes get out" 1 "$(status run transform --from file:/nowhere .)"
  check "a wrong flag ends with 2" 2 "$(status run transform --nonsense)"
  check "version" "ssectl $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)" "$(run --version)"
}

test_exercises() {
  for scenario in scenarios/*/; do
    check "$scenario runs inside" 0 "$(status run run "$scenario")"
  done
}

test_user() {
  check "it runs as user 65532" 65532 "$(user_of_process)"
  check "/data can be written" 0 "$(status run generate words --count 1 --to file:/data/words.ndjson)"
  check "the rest cannot" refused "$(run generate words --count 1 --to file:/words.ndjson 2>"$WORK/out" || echo refused)"
}

test_emulator() {
  start emulator --host 0.0.0.0 --kafka-port "$PORT" --data-dir /data
  if ! wait_for "$WORK/log" '^kafka .* ready$'; then
    check "the emulator is ready" "kafka ADDRESS ready" "$(tail -n 3 "$WORK/log")"
    return
  fi
  check "the emulator is ready" "kafka 0.0.0.0:$PORT ready" "$(grep "^kafka .*ready" "$WORK/log")"
  check "it answers on the published port" "ApiVersions" "$(ask)"
  local start=$SECONDS
  stop_emulator
  check "SIGTERM stops it, with its exit code" 143 "$CODE"
  check "within ten seconds" yes "$( ((SECONDS - start < 10)) && echo yes)"
}

# ask: sends an ApiVersions request (key 18, version 0, correlation id 7, no client id) and looks for the id in the answer.
ask() {
  local port
  port="$(published_port)"
  exec {socket}<>"/dev/tcp/127.0.0.1/$port"
  printf '\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff' >&"$socket"
  [[ "$(head -c 8 <&"$socket" | od -An -tx1 | tr -d ' \n')" == ????????00000007 ]] && echo ApiVersions
  exec {socket}>&-
}

stop_container() { :; }
pick_engine "$@"
build
echo "image: $NAME has $(size)"
test_filter
test_exercises
test_user
test_emulator
echo "image: $passed passed, $failed failed"
((failed == 0))
