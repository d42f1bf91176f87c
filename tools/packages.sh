# packages.sh - what has to be installed on Debian 12, in one place. Sourced by run-demo and
# run-tests, under set -eu.
# Installs only what is missing, so that a machine which has everything needs no network.

packages="
  cmake ninja-build gcc libc6-dev pkg-config
  libglib2.0-dev libelf-dev libfdt-dev libslirp-dev
  check libmpfr-dev python3
  gcc-riscv64-unknown-elf binutils-riscv64-unknown-elf
  device-tree-compiler dosfstools e2fsprogs mtools gdb-multiarch opensbi valgrind
  debian-archive-keyring"

# What builds the Linux of tests/real/.
linux_packages="gcc-riscv64-linux-gnu make flex bison bc xz-utils"

# Prints those of the packages that are not installed.
missing_packages() {
  for package in "$@"; do
    # shellcheck disable=SC2016  # ${...} is dpkg-query's, not the shell's
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
      *" installed") ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

# Runs a command as root: directly, or by sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "rvh-sim: packages are missing, and installing them needs root or sudo: $*" >&2
    exit 1
  fi
}

# Installs what there is to run and test rvh-sim; arguments: more packages.
install_packages() {
  # shellcheck disable=SC2086  # one word per package
  set -- $packages "$@"
  if ! command -v dpkg-query >/dev/null; then
    echo "rvh-sim: not a Debian system; install what corresponds to: $*" >&2
    return 0
  fi
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  echo "rvh-sim: installing $missing" >&2
  as_root apt-get -q update >&2
  # shellcheck disable=SC2086  # one word per package
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qy install --no-install-recommends $missing >&2
}

# Configures (once) and builds a preset of CMakePresets.json; $1: its name. Quiet unless it fails.
build_preset() {
  generator=
  if [ ! -f "build/$1/CMakeCache.txt" ] && command -v ninja >/dev/null; then
    generator="-G Ninja"
  fi
  mkdir -p build
  # shellcheck disable=SC2086  # two words, or none
  if ! { cmake --preset "$1" $generator && cmake --build --preset "$1" -j "$(nproc)"; } \
    >"build/$1.log" 2>&1; then
    cat "build/$1.log" >&2
    echo "rvh-sim: building '$1' failed; if the build folder is old, delete build/ and try again" >&2
    exit 1
  fi
}
