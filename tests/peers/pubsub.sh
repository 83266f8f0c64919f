#!/usr/bin/env bash
# Google's own emulator of Pub/Sub, where the Google Cloud CLI is installed with it: it is in no registry.
#
#   pubsub.sh has-google   succeeds where it is installed
#   pubsub.sh google       serves on a free port of loopback until it is ended; says `google HOST:PORT ready` when it serves
#
# CLOUDSDK_ROOT (/usr/lib/google-cloud-sdk) is where the CLI is.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

DEADLINE=60 # seconds until a start has failed
LOG="$PEERS/run/pubsub/google-server.log"

jars() { compgen -G "${CLOUDSDK_ROOT:-/usr/lib/google-cloud-sdk}/platform/pubsub-emulator/lib/cloud-pubsub-emulator-*.jar"; }

case "${1:-}" in
  has-google) jars >/dev/null && have java && exit 0 || exit 1 ;;
  google) ;;
  *) die "usage: pubsub.sh google|has-google" ;;
esac
need python3 "picks a free port"
jar="$(jars | head -n 1)" \
  || die "Google's emulator is missing: install the Google Cloud CLI with its Pub/Sub emulator, or set CLOUDSDK_ROOT"
port="$(free_ports 1)"

mkdir -p "${LOG%/*}"
: >"$LOG"
"$(java_command)" -cp "$jar" com.google.cloud.pubsub.testing.v1.Main --host=127.0.0.1 "--port=$port" >"$LOG" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
trap 'exit 143' TERM
end=$((SECONDS + DEADLINE))
until grep -q "listening on $port" "$LOG"; do
  kill -0 "$server" 2>/dev/null || die "it ended while starting: see $LOG"
  ((SECONDS < end)) || die "it does not serve after $DEADLINE s: see $LOG"
  sleep 0.1
done
echo "google 127.0.0.1:$port ready" >&2
wait "$server"
