#!/usr/bin/env bash
# Azure's blob storage for tests: Azurite on loopback, in memory, with an empty container `checkpoints`.
#
#   blob.sh start [--data DIR]   starts it unless it runs; returns when it serves, prints CONTAINER=URL
#   blob.sh stop  [--data DIR]   ends it; its blobs are gone
#
# DIR, which holds the log, is .peers/run/blob unless given.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

DEADLINE=60 # seconds until a start has failed
AZURITE="$PEERS/azurite/node_modules/azurite"

running() {
  [[ -s "$DATA/pid" ]] && ps -p "$(<"$DATA/pid")" -o command= 2>/dev/null | grep -qF "$AZURITE"
}

# make_container PORT: signs the request that makes it (the account and its key are the same in every Azurite).
make_container() {
  python3 - "$1" <<'PYTHON'
import base64, email.utils, hashlib, hmac, sys, urllib.error, urllib.request

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
path = "/devstoreaccount1/checkpoints"
date = email.utils.formatdate(usegmt=True)
version = "2023-11-03"
text = f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n/devstoreaccount1{path}\nrestype:container"
signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
headers = {"x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey devstoreaccount1:{signature}"}
request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}{path}?restype=container", method="PUT", headers=headers)
try:
    urllib.request.urlopen(request, timeout=5)
except urllib.error.HTTPError as error:
    sys.exit(0 if error.code == 409 else f"{error}: {error.read().decode()}")
except OSError:
    sys.exit(75)
PYTHON
}

start() {
  [[ -e "$AZURITE/package.json" ]] || die "Azurite is not installed: run tests/peers/install.sh azurite"
  need python3 "makes the container"
  mkdir -p "$DATA"
  if ! running; then
    local port end=$((SECONDS + DEADLINE)) code=75
    port="$(free_ports 1)"
    node "$AZURITE/dist/src/blob/main.js" --inMemoryPersistence --silent --skipApiVersionCheck \
      --blobHost 127.0.0.1 --blobPort "$port" >"$DATA/server.log" 2>&1 </dev/null &
    echo $! >"$DATA/pid"
    disown
    while ((code == 75)); do
      ((SECONDS < end)) || die "Azurite does not serve after $DEADLINE s: see $DATA/server.log"
      code=0
      make_container "$port" || code=$?
      ((code != 75)) || sleep 0.2
    done
    ((code == 0)) || die "the container cannot be made"
    echo "CONTAINER=http://127.0.0.1:$port/devstoreaccount1/checkpoints" >"$DATA/address.env"
  fi
  cat "$DATA/address.env"
}

stop() {
  running || return 0
  kill "$(<"$DATA/pid")"
  rm -f "$DATA/pid"
}

[[ $# -gt 0 ]] || die "usage: blob.sh start|stop [--data DIR]"
ACTION="$1" DATA="$PEERS/run/blob"
[[ "${2:-}" != --data ]] || DATA="${3:?--data needs a directory}"
case "$ACTION" in
  start | stop) "$ACTION" ;;
  *) die "usage: blob.sh start|stop [--data DIR]" ;;
esac
