#!/usr/bin/env bash
# Makes a throw-away certificate authority with a server and a client certificate for loopback.
#
#   tls.sh DIR       writes ca.crt, server.pem (key and certificate), client.key, client.crt
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[[ $# == 1 ]] || die "usage: tls.sh DIR"
need openssl "certificates for the TLS listeners"
mkdir -p "$1"
cd "$1"
[[ ! -e server.pem ]] || exit 0

# quietly COMMAND...: openssl talks while it works; say something only when it fails.
quietly() {
  local said
  said="$("$@" 2>&1)" || die "$said"
}

# signed NAME EXTENSION: NAME.key (PKCS #8) and NAME.crt, signed by the authority.
signed() {
  quietly openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
  quietly openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out "$1.crt" \
    -extfile <(echo "$2")
}

quietly openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout ca.key -out ca.crt -subj "/CN=ssectl test authority"
signed client "extendedKeyUsage=clientAuth"
signed server "subjectAltName=IP:127.0.0.1,DNS:localhost"
cat server.key server.crt >server.pem
