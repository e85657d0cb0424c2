#!/bin/sh
# Installs what the other scripts need: Debian packages that are missing, and the npm packages of package-lock.json. Changes nothing else, and is silent and
# quick when nothing is missing.
# usage: setup.sh fast|full   (fast: all but the emulator, the cross compiler and the kernel's sources)
set -u
cd "$(dirname "$0")/.." || exit 1

say() { echo "setup: $*" >&2; }
stop() { say "$*"; exit 1; }

node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null ||
  stop "Node.js 20.19 or later is needed, and $(node --version 2>/dev/null || echo none) was found; install it, with npm"

# node-gyp runs python3 and make; the addons and the shims are C and C++; the tests trace, mount and make file systems, and hold ramdisks against cpio and the
# compressors' own tools. What would start a service is fetched and not installed (scripts/image/packages.ts); libwrap0 is what OpenSSH's server then lacks.
wanted='git shellcheck clang-format gcc g++ libc6-dev make patch python3 strace busybox e2fsprogs fdisk util-linux squashfs-tools'
wanted="$wanted liblzma-dev libzstd-dev liblz4-dev libbz2-dev liblzo2-dev libext2fs-dev comerr-dev cpio gzip xz-utils zstd lz4 bzip2 lzop"
case ${1:-full} in
  fast) ;;
  full) wanted="$wanted openssh-client libwrap0 dropbear-bin ansible-core mandoc man-db zsh qemu-system-arm u-boot-qemu gcc-arm-linux-gnueabihf g++-arm-linux-gnueabihf libc6-dev-armhf-cross mtd-utils f2fs-tools linux-source-6.1 bison flex bc debian-archive-keyring" ;;
  *) stop "there is no set-up called $1; choose fast or full" ;;
esac

# Prints the packages among its arguments that are not installed.
missing() {
  for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in installed) ;; *) echo "$package" ;; esac
  done
}

# Runs its arguments up to five times: a mirror in the middle of its update contradicts itself for some minutes.
persist() {
  for pause in 5 15 30 60 0; do
    "$@" && return 0
    [ "$pause" = 0 ] || { say "that failed; trying again in $pause s"; sleep "$pause"; }
  done
  return 1
}

install_packages() {
  # shellcheck disable=SC2086 # a list of words
  # A source that does not answer may have nothing to do with what is wanted here: whether that is to be had, the installation tells.
  $root apt-get update -q || say 'not every package source answered; going on'
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 $lacking
}

command -v dpkg-query >/dev/null || stop 'this needs Debian 12 or a system made from it: there is no dpkg'
# shellcheck disable=SC2086
lacking=$(missing $wanted | tr '\n' ' ')
if [ -n "$lacking" ]; then
  root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || stop "these Debian packages are missing: $lacking; install them as root (there is no sudo here)"
    root=sudo
  fi
  say "installing Debian packages: $lacking"
  persist install_packages >&2 || stop "these Debian packages could not be installed: $lacking; see apt's messages above"
fi

# npm's own stamp does not tell whether an installation was cut short; this one is written last.
stamp=node_modules/.setup-stamp
lock=$(sha256sum package-lock.json | cut -d' ' -f1)
if [ "$(cat $stamp 2>/dev/null)" != "$lock" ]; then
  say 'installing npm packages'
  # Their install scripts stay out: ffi-napi and ref-napi are compiled by scripts/agent/native.ts, for this machine and for the board alike.
  persist npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || stop "the npm packages of package-lock.json could not be installed; see npm's messages above"
  # tap makes itself anew for the plugins that .taprc names; left to its first run, that run has the plugins of before, of which one compiles each test file again.
  node_modules/.bin/tap build >&2 || say 'tap could not be made for the plugins of .taprc; going on, its first run does it'
  echo "$lock" >$stamp
fi
