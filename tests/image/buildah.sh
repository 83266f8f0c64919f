# Buildah without a container engine or a registry, on base images that are made here from Debian packages and this
# machine's Rust. It isolates with chroot and has no network of its own: a published port is the port itself.
# `build`, `run`, `start` and the rest for image.sh. Sourced.

BUILDAH=(buildah --storage-driver vfs)
CACHE="$PWD/target/image"
CONTAINER="$NAME-test-$$"
PORT="$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')"

# base NAME PACKAGES...: a minimal Debian as an image of that name, with the certificates of this machine.
base() {
  local name="$1" root container
  shift
  ! "${BUILDAH[@]}" inspect --type image "$name" >/dev/null 2>&1 || return 0
  root="$CACHE/$name.tar"
  mkdir -p "$CACHE"
  # Like Debian's own slim images: without documentation and translations.
  mmdebstrap --quiet --variant=minbase ${1:+--include="$(IFS=,; echo "$*")"} \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' bookworm "$root"
  container="$("${BUILDAH[@]}" from scratch)"
  "${BUILDAH[@]}" add --quiet "$container" "$root" / >/dev/null
  [[ "$name" != *builder* ]] || add_rust "$container"
  "${BUILDAH[@]}" commit --quiet --rm "$container" "$name" >/dev/null
  rm -f "$root"
}

# add_rust CONTAINER: the tool chain that runs here, without its documentation.
add_rust() {
  local sysroot mount
  sysroot="$(rustc --print sysroot)"
  mount="$("${BUILDAH[@]}" mount "$1")"
  mkdir -p "$mount/usr/local/bin" "$mount/usr/local/lib" "$mount/etc/ssl/certs"
  cp "$sysroot/bin/cargo" "$sysroot/bin/rustc" "$mount/usr/local/bin/"
  cp -R "$sysroot/lib/." "$mount/usr/local/lib/"
  cp /etc/ssl/certs/ca-certificates.crt "$mount/etc/ssl/certs/"
  "${BUILDAH[@]}" umount "$1" >/dev/null
  "${BUILDAH[@]}" config --env CARGO_HOME=/usr/local/cargo "$1"
}

build() {
  for tool in buildah mmdebstrap; do
    command -v "$tool" >/dev/null || die "no engine answers, and \`$tool\` is missing (Debian: apt-get install $tool)"
  done
  base ssectl-builder ca-certificates g++ gcc libc6-dev make perl
  base ssectl-runtime
  "${BUILDAH[@]}" build --isolation chroot --pull=never --tag "$NAME" \
    --build-arg BUILDER=localhost/ssectl-builder --build-arg RUNTIME=localhost/ssectl-runtime .
  "${BUILDAH[@]}" from --pull=never --name "$CONTAINER" "$NAME" >/dev/null
  ENTRY="$("${BUILDAH[@]}" inspect --format '{{index .OCIv1.Config.Entrypoint 0}}' "$CONTAINER")"
}

# run ARGS...: buildah does not know entry points, so the image's is put in front.
run() { "${BUILDAH[@]}" run --isolation chroot "$CONTAINER" -- "$ENTRY" "$@"; }

# user_of_process: of one that runs; /dev/zero keeps it busy with one endless line.
user_of_process() {
  run transform . </dev/zero >/dev/null 2>&1 &
  wait_for_process $!
  ps -o uid= -p "$PROCESS" | tr -d ' '
  kill -KILL "$PROCESS"
  wait
}

# wait_for_process JOB: sets PROCESS to the id of the program that runs in the container for a job of this shell.
wait_for_process() {
  local end=$((SECONDS + 20))
  until PROCESS="$(leaf "$1")" && [[ "$(ps -o args= -p "$PROCESS")" =~ ^[^\ ]*$ENTRY\  ]]; do
    ((SECONDS < end)) || die "nothing runs in the container"
    sleep 0.1
  done
}

# leaf PROCESS: the last of its only children's only children.
leaf() {
  local child
  child="$(pgrep --parent "$1" | head -n 1)"
  if [[ -n "$child" ]]; then leaf "$child"; else echo "$1"; fi
}

start() {
  run "$@" >"$WORK/log" 2>&1 &
  JOB=$!
}

published_port() { echo "$PORT"; }

# stop_emulator: SIGTERM; sets CODE to what it ends with.
stop_emulator() {
  wait_for_process "$JOB"
  kill -TERM "$PROCESS"
  CODE=0
  wait "$JOB" || CODE=$?
}

stop_container() { "${BUILDAH[@]}" rm "$CONTAINER" >/dev/null 2>&1 || true; }

size() {
  "${BUILDAH[@]}" images --json "$NAME" | sed -n 's/.*"size": "\(.*\)".*/\1/p' | head -n 1
}
