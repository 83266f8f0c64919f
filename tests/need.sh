#!/usr/bin/env bash
# Says in one line what this machine lacks for a build: librdkafka and OpenSSL are compiled from source.
set -euo pipefail

missing=() packages=() advice=()
# need PROGRAM PACKAGE: notes what Debian calls the package, once.
need() {
  if ! command -v "$1" >/dev/null; then
    missing+=("$1")
    [[ " ${packages[*]-} " == *" $2 "* ]] || packages+=("$2")
  fi
}

need cc build-essential
need c++ build-essential
need make build-essential
need perl perl
if ((${#missing[@]})); then
  advice+=("install ${missing[*]} (Debian: apt-get install ${packages[*]})")
fi
required="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")"
if ! command -v cargo >/dev/null; then
  advice+=("install Rust $required or newer (https://rustup.rs)")
elif ! found="$(cargo --version 2>&1)"; then
  advice+=("cargo does not run: ${found//$'\n'/ }")
elif [[ "$(printf '%s\n' "$required" "$(cut -d' ' -f2 <<<"$found")" | sort -V | head -n 1)" != "$required" ]]; then
  advice+=("replace $found with Rust $required or newer (https://rustup.rs)")
fi
if ((${#advice[@]})); then
  printf -v line '%s; ' "${advice[@]}"
  echo "need: ${line%; }" >&2
  exit 1
fi
