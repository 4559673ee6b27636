# Sourced by the scripts beside it: what to install, and how to build. Quick when nothing is missing.
# shellcheck shell=bash

set -euo pipefail
# shellcheck disable=SC2034  # where the user stands, for the arguments that name files
caller_dir=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Which Debian this is, as scripts/on calls it.
# shellcheck disable=SC1091
release_name () (. /etc/os-release && echo "${ID:-linux}${VERSION_ID:-}")

# build_dir NAME: the folder to build in; another Debian's (scripts/on) beside the machine's own.
build_dir () {
  echo "${VGW_TEST_BUILD_ROOT:-$PWD/$1${VGW_TEST_ON:+-$VGW_TEST_ON}}"
}

# What the gateway is built from and runs on.
build_packages=(
  build-essential meson ninja-build pkg-config
  libglib2.0-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
  libsoup-3.0-dev glib-networking libjson-glib-dev libnice-dev libopus-dev libssl-dev libjwt-dev check
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav gstreamer1.0-nice
  gstreamer1.0-tools
  libpocketsphinx-dev libsphinxbase-dev pocketsphinx-en-us flite1-dev libspeexdsp-dev
)

# Peers and tools of the tests, none of them needed to run.
# shellcheck disable=SC2034  # used by the scripts that source this file
test_packages=(
  git python3 python3-aiortc python3-websockets python3-numpy
  golang-go golang-github-pion-webrtc.v3-dev
  openssl coturn nginx chromium firefox-esr pulseaudio pulseaudio-utils fonts-dejavu-core flite espeak-ng pocketsphinx sox iproute2
  clang libclang-rt-dev clang-format clang-tidy
)

say () { printf '\033[1m%s\033[0m\n' "$*" >&2; }

# Installs those of the packages that are missing or, for the one with known holes, too old. Needs root only then.
install_packages () {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  local bad_version
  bad_version=$(dpkg-query -W -f '${Version}' gstreamer1.0-plugins-bad 2>/dev/null || true)
  if [ -n "$bad_version" ] && dpkg --compare-versions "$bad_version" lt 1.22.0-4+deb12u8; then
    missing+=(gstreamer1.0-plugins-bad)
  fi
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing; run this as root, or: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  say "Installing ${missing[*]}"
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# Node.js from wherever the machine has it, else Debian's. The browser tests need it, and npm where modules are missing.
install_node () {
  local dir
  command -v node >/dev/null || install_packages nodejs
  for dir in tests/browser tests/package tests/bots examples; do
    # npm writes this file last, so it is newer than the lock only where an installation was finished
    [ ! "$dir/node_modules/.package-lock.json" -nt "$dir/package-lock.json" ] || continue
    command -v npm >/dev/null || install_packages npm
    (cd "$dir" && npm ci --no-audit --no-fund >&2)
  done
}

# Fails, with what to do, where the user cannot write in DIR, as after somebody else's or root's build.
check_writable () {
  local dir=$1 theirs
  theirs=$(if [ -e "$dir" ]; then find "$dir" -maxdepth 2 ! -writable -print -quit; else [ -w "$(dirname "$dir")" ] || dirname "$dir"; fi)
  [ -z "$theirs" ] && return 0
  echo "$theirs belongs to $(stat -c %U "$theirs"), and $(id -un) cannot write there. Take a clone of your own:" >&2
  echo "  git clone $PWD" >&2
  [ ! -e "$dir" ] || echo "or, if this one is yours: sudo chown -R $(id -un) $dir" >&2
  exit 1
}

# Whether the build folder DIR was made for this source tree, where it is.
is_at_home () {
  /usr/bin/python3 - "$1" "$PWD" <<'PY'
import json, os, sys
with open(sys.argv[1] + "/meson-info/meson-info.json", encoding="utf-8") as file:
    made_for = json.load(file)["directories"]
sys.exit(any(os.path.realpath(here) != made_for[what] for what, here in zip(("build", "source"), sys.argv[1:])))
PY
}

# configure DIR [meson option …]: configures once; ninja notices later changes of the build files by itself.
configure () {
  local dir=$1
  shift
  check_writable "$dir"
  if [ ! -f "$dir/build.ninja" ]; then
    meson setup "$dir" "$@" >&2
  elif ! is_at_home "$dir"; then
    say "$dir was moved or copied here: making it anew"
    meson setup --wipe "$dir" "$@" >&2
  fi
}

# on_other_debian SCRIPT ARGUMENT…: where the arguments begin with --on RELEASE, runs the script there instead, with the rest.
on_other_debian () {
  [ "${2:-}" = --on ] || return 0
  [ $# -ge 3 ] || { echo "usage: $1 --on RELEASE [ARGUMENT…], where RELEASE is debian12 or debian13" >&2; exit 2; }
  cd "$caller_dir"
  exec "$OLDPWD/scripts/on" "$3" "$OLDPWD/$1" "${@:4}"
}
