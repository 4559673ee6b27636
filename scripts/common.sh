# Sourced by the other scripts: installs packages and configures builds. Fast when nothing is missing.
# shellcheck shell=bash

set -euo pipefail
# shellcheck disable=SC2034  # the directory of the caller, for arguments that are file names
caller_dir=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The release of Debian that this machine runs, as scripts/on names it.
# shellcheck disable=SC1091
release_name () (. /etc/os-release && echo "${ID:-linux}${VERSION_ID:-}")

# build_dir NAME: the build directory; in another Debian (scripts/on) it has a suffix.
build_dir () {
  echo "${VGW_TEST_BUILD_ROOT:-$PWD/$1${VGW_TEST_ON:+-$VGW_TEST_ON}}"
}

# folder_of NAME: where scripts/on keeps the Debian of that name.
folder_of () {
  echo "${VGW_TEST_FOLDERS:-${XDG_CACHE_HOME:-$HOME/.cache}/voice-gateway}/$1"
}

# packages_of RELEASE: where scripts/package has put the packages of that release. Fails where there are none.
packages_of () {
  local packages=$PWD/build-packages
  [ "$(release_name)" = "$1" ] || packages+=-$1
  [ -n "$(find "$packages" -maxdepth 1 -name '*.deb' 2>/dev/null)" ] \
    || { echo "$packages has no packages: build them first, with scripts/package" >&2; return 1; }
  echo "$packages"
}

# Packages to build and run the gateway.
build_packages=(
  build-essential meson ninja-build pkg-config
  libglib2.0-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
  libsoup-3.0-dev glib-networking libjson-glib-dev libnice-dev libopus-dev libssl-dev libsrtp2-dev libjwt-dev libhiredis-dev libsystemd-dev check
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav gstreamer1.0-nice
  gstreamer1.0-tools
  libpocketsphinx-dev libsphinxbase-dev pocketsphinx-en-us flite1-dev libspeexdsp-dev
)

# Packages that only the tests need.
# shellcheck disable=SC2034  # used by the scripts that source this file
test_packages=(
  git python3 python3-aiortc python3-websockets python3-numpy python3-yaml python3-jsonschema graphviz
  golang-go golang-github-pion-webrtc.v3-dev
  openssl coturn nginx haproxy redis-server prometheus chromium firefox-esr pulseaudio pulseaudio-utils fonts-dejavu-core graphviz flite espeak-ng pocketsphinx sox iproute2
  clang libclang-rt-dev clang-format clang-tidy zsh
)

# Packages that scripts/package needs in addition to build_packages.
# shellcheck disable=SC2034  # used by the scripts that source this file
packaging_packages=(git dpkg-dev debhelper fakeroot lintian)

# Packages that scripts/boot needs.
# shellcheck disable=SC2034  # used by the scripts that source this file
boot_packages=(qemu-system-x86 seabios e2fsprogs)

say () { printf '\033[1m%s\033[0m\n' "$*" >&2; }

# Installs packages that are missing or, for the one with known vulnerabilities, too old. Needs root only in that case.
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

# Uses the machine's Node.js, else installs Debian's. The browser tests need it, and npm if modules are missing.
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

# Fails with instructions if the user cannot write in DIR, for example after a build by root or another user.
check_writable () {
  local dir=$1 theirs
  theirs=$(if [ -e "$dir" ]; then find "$dir" -maxdepth 2 ! -writable -print -quit; else [ -w "$(dirname "$dir")" ] || dirname "$dir"; fi)
  [ -z "$theirs" ] && return 0
  echo "$theirs belongs to $(stat -c %U "$theirs"), and $(id -un) cannot write there. Use a clone of your own:" >&2
  echo "  git clone $PWD" >&2
  [ ! -e "$dir" ] || echo "or, if this one is yours: sudo chown -R $(id -un) $dir" >&2
  exit 1
}

# Whether the build directory DIR was set up for this source tree at its present location.
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
    say "$dir was moved or copied here: setting it up again"
    meson setup --wipe "$dir" "$@" >&2
  fi
}

# on_other_debian SCRIPT ARGUMENT…: if the arguments begin with --on RELEASE, runs the script there with the other ones.
on_other_debian () {
  [ "${2:-}" = --on ] || return 0
  [ $# -ge 3 ] || { echo "usage: $1 --on RELEASE [ARGUMENT…], where RELEASE is debian12 or debian13" >&2; exit 2; }
  cd "$caller_dir"
  exec "$OLDPWD/scripts/on" "$3" "$OLDPWD/$1" "${@:4}"
}
