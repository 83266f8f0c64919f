#!/usr/bin/env bash
# Enrichment from PostgreSQL, against a real server: the crate's own tests, then scenarios that look rows up while the
# server is there, away at the start, and gone for good.
#
#   postgres.sh SSECTL
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"
[[ $# == 1 && -x "$1" ]] || die "usage: postgres.sh SSECTL: the program to test"
SSECTL="$(cd "$(dirname "$1")" && pwd)/${1##*/}"

"$PEERS_HOME/install.sh" postgres
RUN="$(mktemp -d)"
chmod 755 "$RUN"
server() { "$PEERS_HOME/postgres.sh" "$1" --data "$RUN/server"; }
trap 'server stop; rm -rf "$RUN"' EXIT
port="$(server start | sed -n 's/^PORT=//p')"
export PGPASSWORD=geheim
"$(postgres_home)/psql" -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U ann -d shop -f "$HERE/postgres/tables.sql"

(cd "$HERE/../.." && SSECTL_POSTGRES="postgresql://ann:geheim@127.0.0.1:$port/shop" \
  cargo test --locked -q -p ssectl-postgres --test server -- --ignored --test-threads=1)

cd "$RUN"
export SHOP="postgresql://ann@127.0.0.1:$port/shop"
"$SSECTL" run "$HERE/postgres/lookup.yaml" --target memory: --format json >report.json
python3 "$HERE/postgres/check.py" report.json

echo "-- away at the start"
server stop
"$SSECTL" run "$HERE/postgres/lookup.yaml" --target memory: --format json >later.json 2>later.log &
run=$!
for _ in $(seq 600); do grep -q "is away" later.log && break || sleep 0.1; done
grep -q "is away" later.log || die "the run does not say that the server is away: $(cat later.log)"
server start >/dev/null
wait "$run" || die "the run did not wait for the server: $(cat later.log)"
python3 "$HERE/postgres/check.py" later.json

echo "-- a wrong password"
code=0
PGPASSWORD=wrong-secret "$SSECTL" run "$HERE/postgres/lookup.yaml" --target memory: 2>wrong.log || code=$?
[[ "$code" != 0 ]] && grep -q "password authentication failed" wrong.log || die "exit $code: $(cat wrong.log)"
! grep -q wrong-secret wrong.log || die "the password is in the error"
echo "postgres: all passed"
