#!/bin/sh
# copier.sh MOUNT CACHE: load the packages of the ConfigMaps at MOUNT into Crossplane's cache, and
# unload those that an earlier run loaded and MOUNT/index no longer lists. A line of the index is
#   <sha256 of the .xz> <sha256 of package.yaml> <file in MOUNT> <path in CACHE>
# An .xz that is in several files has all of them in the third field, with commas between.
#
# Whose a cached file is, it says itself: what the copier writes begins with an empty gzip member
# that is named crossplane-devcache. Readers of gzip skip it, Crossplane never writes it. So nothing
# has to be remembered that a killed run, a second pod or anybody else could make wrong.
set -eu
umask 022 # whoever runs Crossplane must be able to read

# Unique to the pod, whose name is its hostname: a restarted container overwrites its own leftover.
temporary=.crossplane-devcache.$(hostname)

fail() {
  printf 'crossplane-devcache: error: %s\n' "$*" >&2
  exit 1
}

mark() { # RFC 1952: 10 bytes of header (8: a name follows), the name, nothing compressed, CRC, size
  printf '\037\213\010\010\0\0\0\0\0\003crossplane-devcache\0\003\0\0\0\0\0\0\0\0\0'
}

sum() { # of stdin
  sha256sum | cut -d ' ' -f 1
}

holds() { # FILE SUM; false for a file that is cut off or not there, too
  [ "$(gzip -dc 2>/dev/null <"$1" | sum)" = "$2" ]
}

packed() { # FILE[,FILE...]; the .xz
  [ -f "$payload/${1%%,*}" ] || fail "${1%%,*}: in the index, but not in the ConfigMap"
  cat "$payload/${1%%,*}"
  case $1 in
    *,*) packed "${1#*,}" ;;
  esac
}

check() { # XZ_SUM YAML_SUM FILE PATH
  case /$4/ in
    *//* | */.* | *[[:space:]]*) fail "${3%%.*}.xz: the index gives it no path inside the cache" ;;
  esac
  packed "$3" >/dev/null # all of it is there
  [ "$(packed "$3" | sum)" = "$1" ] || fail "${3%%.*}.xz: damaged, the index has another sha256"
  # The sum decides: unxz of busybox exits 0, with no output, for a file that is no xz.
  [ "$(packed "$3" | unxz -c | sum)" = "$2" ] ||
    fail "${3%%.*}.xz: does not unpack to the package.yaml of the index"
}

place() { # PATH
  mkdir -p "$(dirname "./$1")" && mv -f -T "$temporary" "./$1"
}

write() { # YAML_SUM FILE PATH
  { mark && packed "$2" | unxz -c | gzip -1; } >"$temporary" && holds "$temporary" "$1" || return
  # Twice, because another pod may just have unloaded the last file of the folder, and the folder.
  place "$3" 2>/dev/null || place "$3"
}

load() { # XZ_SUM YAML_SUM FILE PATH
  if holds "$4" "$2"; then
    echo "unchanged ${3%%.*} -> $4"
    return
  fi
  reason=$(write "$2" "$3" "$4" 2>&1) || fail "${3%%.*}.xz: cannot write $4 into the cache: $reason"
  echo "loaded ${3%%.*} -> $4"
}

unload() { # ./PATH
  # Both as far as the name, and without their NULs, which $() drops.
  [ "$(head -c 29 2>/dev/null <"$1")" = "$(mark | head -c 29)" ] || return 0 # Crossplane's own
  reason=$(rm -f "$1" 2>&1) || fail "cannot remove ${1#./} from the cache: $reason"
  rmdir -p "$(dirname "$1")" 2>/dev/null || : # as far up as it leaves empty folders
  echo "unloaded ${1#./}"
}

path_of() { # XZ_SUM YAML_SUM FILE PATH
  printf '%s ' "$4"
}

each_package() { # FUNCTION
  while read -r xz_sum yaml_sum file path || [ -n "$path" ]; do
    "$1" "$xz_sum" "$yaml_sum" "$file" "$path"
  done <"$payload/index"
}

copy() {
  # As it was at the start: what another pod loads in the meantime is not this run's to unload.
  cached=$(find . -type f ! -name '.*' 2>/dev/null) || : # lost+found of a volume is not readable
  each_package check # all of it before the first write, so what fails later is the writing
  listed=" $(each_package path_of)"
  each_package load
  printf '%s\n' "$cached" | while IFS= read -r path; do
    case $listed in
      *" ${path#./} "*) ;;
      *) unload "$path" ;;
    esac
  done
}

payload=$(readlink -f "$1/..data") # resolved once: an update of the ConfigMap swaps this link
[ -d "$payload" ] || payload=$(readlink -f "$1")
[ -r "$payload/index" ] || fail "no index in $1"
cd "$2" || fail "no cache at $2"

# In the background, because a shell runs a trap only between commands, and as PID 1 it needs a trap
# for SIGTERM to end it at all.
trap 'rm -f "$temporary"' EXIT
trap 'kill $!; exit 143' TERM INT
copy &
wait $!
