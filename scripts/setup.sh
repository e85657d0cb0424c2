#!/bin/sh
# Installs what the other scripts need: the Debian packages that are missing, and the npm packages
# of package-lock.json. It changes nothing else, and is silent and quick when nothing is missing.
# usage: setup.sh fast|full   (fast: no emulator, no cross compiler, no sources of the kernel)
set -u
cd "$(dirname "$0")/.." || exit 1

say() { echo "setup: $*" >&2; }
stop() {
  say "$*"
  exit 1
}

enough='const [major, minor] = process.versions.node.split(".").map(Number);
process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
if ! node -e "$enough" 2>/dev/null; then
  found=$(node --version 2>/dev/null || echo none)
  stop "Node.js 20.19 or later is needed, and $found was found; install it, with npm"
fi

# Lint: shellcheck, clang-format.
wanted='git shellcheck clang-format'
# node-gyp runs python3 and make; the addons and our own libraries are C and C++.
wanted="$wanted gcc g++ libc6-dev make patch python3"
# The tests trace programs, mount, and make file systems.
wanted="$wanted strace busybox e2fsprogs fdisk util-linux squashfs-tools"
# Ramdisks, and the tools that the tests compare them with.
wanted="$wanted liblzma-dev libzstd-dev liblz4-dev libbz2-dev liblzo2-dev libext2fs-dev comerr-dev"
wanted="$wanted cpio gzip xz-utils zstd lz4 bzip2 lzop"

# The emulator, the cross compiler, and the kernel's sources with what their build needs.
full='qemu-system-arm u-boot-qemu'
full="$full gcc-arm-linux-gnueabihf g++-arm-linux-gnueabihf libc6-dev-armhf-cross"
full="$full gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross"
full="$full linux-source-6.1 bison flex bc mtd-utils f2fs-tools debian-archive-keyring"
# A whole Debian, for the tests of its boot (npm run test:debian).
full="$full mmdebstrap"
# The native parts as OpenWrt's build makes them.
full="$full libffi-dev pkg-config"
# Tests of SSH, of the man page and of completion. Packages that would start a service are unpacked
# instead of installed (scripts/image/packages.ts); OpenSSH's server then lacks libwrap0.
full="$full openssh-client libwrap0 dropbear-bin ansible-core mandoc man-db zsh"

case ${1:-full} in
  fast) ;;
  full) wanted="$wanted $full" ;;
  *) stop "there is no set-up called $1; choose fast or full" ;;
esac

# missing PACKAGE...: prints those that are not installed.
missing() {
  for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) echo "$package" ;;
    esac
  done
}

# persist COMMAND...: runs it up to five times. A mirror that is being updated contradicts itself
# for some minutes.
persist() {
  for pause in 5 15 30 60 0; do
    "$@" && return 0
    [ "$pause" = 0 ] && return 1
    say "that failed; trying again in $pause s"
    sleep "$pause"
  done
}

install_packages() {
  # A source that does not answer may not matter: the installation tells whether it does.
  $root apt-get update -q || say 'not every package source answered; going on'
  # shellcheck disable=SC2086 # a list of words
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 $lacking
}

command -v dpkg-query >/dev/null ||
  stop 'this needs Debian 12 or a system made from it: there is no dpkg'
# shellcheck disable=SC2086 # a list of words
lacking=$(missing $wanted | tr '\n' ' ')
if [ -n "$lacking" ]; then
  root=
  if [ "$(id -u)" -ne 0 ]; then
    root=sudo
    command -v $root >/dev/null ||
      stop "there is no sudo here; install these Debian packages as root: $lacking"
  fi
  say "installing Debian packages: $lacking"
  persist install_packages >&2 ||
    stop "these Debian packages could not be installed: $lacking; see apt's messages above"
fi

# npm's own stamp does not tell whether an installation was cut short; this one is written last.
stamp=node_modules/.setup-stamp
lock=$(sha256sum package-lock.json | cut -d' ' -f1)
if [ "$(cat $stamp 2>/dev/null)" != "$lock" ]; then
  say 'installing npm packages'
  # Without install scripts: scripts/agent/native.ts compiles ffi-napi and ref-napi, for this
  # machine and for the board alike.
  persist npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 ||
    stop "the npm packages of package-lock.json could not be installed; see npm's messages above"
  # tap rebuilds itself for the plugins of .taprc. If that were left to the first run, that run
  # would still use the default plugins, one of which compiles each test file again.
  node_modules/.bin/tap build >&2 ||
    say 'tap could not be made for the plugins of .taprc; going on, its first run does it'
  echo "$lock" >$stamp
fi
