#!/usr/bin/env bash
# A PostgreSQL server of its own, on a free port, with a database `shop` and the user `ann`, whose password is `geheim`.
#
#   postgres.sh start --data DIR     makes the server if it is not there, starts it, prints PORT=N
#   postgres.sh stop  --data DIR     stops it; what it holds stays
#
# As root, which PostgreSQL refuses to run as, it runs as the user `postgres`.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[[ $# == 3 && "$2" == --data ]] || die "usage: postgres.sh start|stop --data DIR"
DATA="$3"
BIN="$(postgres_home)" || die "PostgreSQL is missing: run install.sh postgres"

# as_owner COMMAND...: root hands over to the server's own user.
as_owner() {
  if [[ "$(id -u)" == 0 ]]; then (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@"); else "$@"; fi
}

make() {
  mkdir -p "$DATA"
  echo geheim >"$DATA/password"
  [[ "$(id -u)" != 0 ]] || chown postgres "$DATA"
  as_owner "$BIN/initdb" -D "$DATA/cluster" -U ann -A scram-sha-256 --pwfile="$DATA/password" -E UTF8 --no-sync >"$DATA.log"
  free_ports 1 >"$DATA.port"
}

case "$1" in
  start)
    [[ -s "$DATA/cluster/PG_VERSION" ]] || make
    port="$(cat "$DATA.port")"
    as_owner "$BIN/pg_ctl" -D "$DATA/cluster" -w -t 60 -l "$DATA/server.log" \
      -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off" start >>"$DATA.log"
    export PGPASSWORD=geheim
    "$BIN/psql" -qAt -h 127.0.0.1 -p "$port" -U ann -d postgres -c "select 1 from pg_database where datname = 'shop'" |
      grep -q 1 || "$BIN/createdb" -h 127.0.0.1 -p "$port" -U ann shop
    echo "PORT=$port"
    ;;
  stop)
    [[ ! -s "$DATA/cluster/postmaster.pid" ]] ||
      as_owner "$BIN/pg_ctl" -D "$DATA/cluster" -w -m immediate stop >>"$DATA.log"
    ;;
  *) die "usage: postgres.sh start|stop --data DIR" ;;
esac
