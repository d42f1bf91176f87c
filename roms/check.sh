#!/bin/sh
# check.sh DIR EMULATOR [ARGS...]: run every lesson's ELF in DIR as "EMULATOR ARGS... ELF" and
# compare the console with console.expected. What firmware prints before the lesson's first line is
# ignored, and so are the carriage returns it adds. Examples:
#   roms/check.sh build/release/roms build/release/rvh-sim
#   roms/check.sh build/release/roms qemu-system-riscv64 -machine virt -cpu rv64,h=true -nographic -kernel
dir=$1
shift
here=$(dirname "$0")
failed=0
for expected in "$here"/[0-9][0-9]-*/console.expected; do
  folder=$(dirname "$expected")
  name=$(basename "$folder")
  [ ! -e "$folder/guest.ld" ] || continue # its guest is on a disk: tests/course.py
  if timeout 60 "$@" "$dir/$name.elf" </dev/null 2>/dev/null | tr -d '\r' |
    sed -n "/^\[$name\]/,\$p" | diff -u "$expected" - >"${TMPDIR:-/tmp}"/roms-check.$$; then
    echo "ok   $name"
  else
    echo "FAIL $name"
    cat "${TMPDIR:-/tmp}"/roms-check.$$
    failed=1
  fi
  rm -f "${TMPDIR:-/tmp}"/roms-check.$$
done
exit $failed
