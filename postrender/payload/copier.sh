#!/bin/sh
# copier.sh MOUNT CACHE [watch]: load the packages of the ConfigMaps at MOUNT into Crossplane's cache,
# and unload those that an earlier run loaded and MOUNT/index no longer lists. A line of the index is
#   <sha256 of the .xz> <sha256 of package.yaml> <file in MOUNT> <path in CACHE>
# An .xz that is in several files has all of them in the third field, with commas between.
# MOUNT/pushed, if it is there, has more such lines: packages that a push added to the declared ones.
#
# With `watch` go on with that whenever kubelet updates MOUNT, and say which content was loaded.
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

holds() { # FILE SUM; false for a file that is damaged, cut off or not there, too
  [ "$({ gzip -dc 2>/dev/null <"$1" || echo damaged; } | sum)" = "$2" ]
}

packed() { # FILE[,FILE...]; the .xz
  [ -f "$payload/${1%%,*}" ] || fail "${1%%,*}: in the index, but not in the ConfigMap"
  cat "$payload/${1%%,*}"
  case $1 in
    *,*) packed "${1#*,}" ;;
  esac
}

check() { # XZ_SUM YAML_SUM FILE PATH
  ! is_known "$@" || return 0
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
  ! is_known "$@" || return 0
  name=${3%%.*} # which has no dot
  if holds "$4" "$2"; then
    echo "unchanged $name -> $4${watching:+ $2}"
    return
  fi
  reason=$(write "$2" "$3" "$4" 2>&1) || fail "$name.xz: cannot write $4 into the cache: $reason"
  echo "loaded $name -> $4${watching:+ $2}"
}

unload() { # ./PATH
  # Both as far as the name, and without their NULs, which $() drops.
  [ "$(head -c 29 2>/dev/null <"$1")" = "$(mark | head -c 29)" ] || return 0 # Crossplane's own
  reason=$(rm -f "$1" 2>&1) || fail "cannot remove ${1#./} from the cache: $reason"
  rmdir -p "$(dirname "$1")" 2>/dev/null || : # as far up as it leaves empty folders
  echo "unloaded ${1#./}"
}

open_payload() { # once a round: an update of the ConfigMap swaps the link
  payload=$(readlink -f "$mount/..data")
  [ -d "$payload" ] || payload=$(readlink -f "$mount")
  [ -r "$payload/index" ] || return
  lines=$(cat "$payload/index" && { cat "$payload/pushed" 2>/dev/null || :; })
}

each_package() { # FUNCTION LINES
  [ -n "$2" ] || return 0
  seen=' '
  while read -r xz_sum yaml_sum file path; do
    case $seen in *" $path "*) continue ;; esac # pushed, and declared since
    seen="$seen$path "
    "$1" "$xz_sum" "$yaml_sum" "$file" "$path"
  done <<EOF
$2
EOF
}

path_of() { # XZ_SUM YAML_SUM FILE PATH
  printf '%s ' "$4"
}

is_known() { # XZ_SUM YAML_SUM FILE PATH: loaded by the round before, and still there
  case $newline$before$newline in *"$newline$*$newline"*) [ -f "./$4" ] ;; *) false ;; esac
}

copy() {
  # As it was at the start: what another pod loads in the meantime is not this run's to unload.
  cached=$(find . -type f ! -name '.*' 2>/dev/null) || : # lost+found of a volume is not readable
  each_package check "$lines" # all of it before the first write, so what fails later is the writing
  # What the round before loaded stays for one more: Crossplane looks for it until it is told of the
  # new content, which is after that is here.
  listed=" $(each_package path_of "$lines")$(each_package path_of "$before")"
  each_package load "$lines"
  printf '%s\n' "$cached" | while IFS= read -r path; do
    case $listed in
      *" ${path#./} "*) ;;
      *) unload "$path" ;;
    esac
  done
}

watch() {
  [ -d "$mount/..data" ] || fail "no ..data in $mount: kubelet updates no such mount"
  while :; do
    copy &
    rounds=25 # of a fifth of a second, until what has failed is tried again
    if wait $!; then before=$lines rounds=; fi
    # The test starts no process, nor does the sleep of busybox 1.36 and later: 0.4 % of a core.
    # shellcheck disable=SC3013  # no POSIX, but busybox, dash and bash have it
    while [ "$payload" -ef "$mount/..data" ] && [ "$rounds" != 0 ]; do
      sleep 0.2
      rounds=${rounds:+$((rounds - 1))}
    done
    until open_payload; do sleep 0.2; done # an update that came between has removed it again
  done
}

newline='
'
before= # the lines of the round before
mount=$1
watching=${3:+yes}
open_payload || fail "no index in $mount"
cd "$2" || fail "no cache at $2"

# In the background, because a shell runs a trap only between commands, and as PID 1 it needs a trap
# for SIGTERM to end it at all.
trap 'rm -f "$temporary"' EXIT
trap 'kill $!; exit 143' TERM INT
"${3:-copy}" &
wait $!
