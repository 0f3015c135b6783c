#!/bin/sh
# copier.sh MOUNT CACHE [watch]: load the packages of the ConfigMaps at MOUNT into Crossplane's cache,
# and unload those that an earlier run loaded and MOUNT/index no longer lists. A line of the index is
#   <sha256 of the .xz> <sha256 of package.yaml> <file in MOUNT> <path in CACHE>
# If an .xz is split into several files, the third field has all of them, separated by commas.
# MOUNT/pushed, if it exists, has more such lines: packages that a push added to the declared ones.
#
# With `watch`, repeat this whenever kubelet updates MOUNT, and print the sha256 of each package.yaml.
#
# A file of the copier in the cache begins with an empty gzip member named crossplane-devcache.
# Readers of gzip skip it, and Crossplane never writes it. So the copier keeps no other record of its
# files, which a killed run, a second pod or a user could make wrong.
set -eu
umask 022 # the user of Crossplane must be able to read the files

# Unique to the pod, whose hostname is its name: a restarted container overwrites its old file.
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

holds() { # FILE SUM; also false for a truncated or missing file
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
  ! is_known "$@" || return 0
  case /$4/ in
    *//* | */.* | *[[:space:]]*) fail "${3%%.*}.xz: the index gives it no path inside the cache" ;;
  esac
  packed "$3" >/dev/null # fails if a part is missing
  [ "$(packed "$3" | sum)" = "$1" ] || fail "${3%%.*}.xz: damaged, the index has another sha256"
  # Check the sum, because unxz of busybox exits 0 without output for a file that is not xz.
  [ "$(packed "$3" | unxz -c | sum)" = "$2" ] ||
    fail "${3%%.*}.xz: does not unpack to the package.yaml of the index"
}

place() { # PATH
  mkdir -p "$(dirname "./$1")" && mv -f -T "$temporary" "./$1"
}

write() { # YAML_SUM FILE PATH
  { mark && packed "$2" | unxz -c | gzip -1; } >"$temporary" && holds "$temporary" "$1" || return
  # Twice, because another pod may just have removed the last file of the folder, and the folder.
  place "$3" 2>/dev/null || place "$3"
}

load() { # XZ_SUM YAML_SUM FILE PATH
  ! is_known "$@" || return 0
  name=${3%%.*} # a name has no dot
  if holds "$4" "$2"; then
    echo "unchanged $name -> $4${watching:+ $2}"
    return
  fi
  reason=$(write "$2" "$3" "$4" 2>&1) || fail "$name.xz: cannot write $4 into the cache: $reason"
  echo "loaded $name -> $4${watching:+ $2}"
}

unload() { # ./PATH
  # Compare the bytes up to the name. $() drops the NULs of both.
  [ "$(head -c 29 2>/dev/null <"$1")" = "$(mark | head -c 29)" ] || return 0 # Crossplane's own
  reason=$(rm -f "$1" 2>&1) || fail "cannot remove ${1#./} from the cache: $reason"
  rmdir -p "$(dirname "$1")" 2>/dev/null || : # also removes all parent folders that become empty
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
    case $seen in *" $path "*) continue ;; esac # a pushed package that is now declared, too
    seen="$seen$path "
    "$1" "$xz_sum" "$yaml_sum" "$file" "$path"
  done <<EOF
$2
EOF
}

path_of() { # XZ_SUM YAML_SUM FILE PATH
  printf '%s ' "$4"
}

is_known() { # XZ_SUM YAML_SUM FILE PATH: loaded by the previous round, and still in the cache
  case $newline$before$newline in *"$newline$*$newline"*) [ -f "./$4" ] ;; *) false ;; esac
}

copy() {
  # List the files at the start, so that this run does not unload what another pod loads meanwhile.
  cached=$(find . -type f ! -name '.*' 2>/dev/null) || : # lost+found of a volume is not readable
  each_package check "$lines" # all of them before the first write: later only a write can fail
  # Keep the files of the previous round for one more round: Crossplane reads them until it is
  # notified of the new content, which happens only after the copier has loaded that.
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
    rounds=25 # of a fifth of a second; then a failed copy is repeated
    if wait $!; then before=$lines rounds=; fi
    # The test starts no process, nor does the sleep of busybox 1.36 and later: 0.4 % of a core.
    # shellcheck disable=SC3013  # no POSIX, but busybox, dash and bash have it
    while [ "$payload" -ef "$mount/..data" ] && [ "$rounds" != 0 ]; do
      sleep 0.2
      rounds=${rounds:+$((rounds - 1))}
    done
    until open_payload; do sleep 0.2; done # it fails if the next update has removed the files
  done
}

newline='
'
before= # the lines of the previous round
mount=$1
watching=${3:+yes}
open_payload || fail "no index in $mount"
cd "$2" || fail "no cache at $2"

# Run in the background, because a shell runs a trap only between commands. As PID 1, the shell stops
# on SIGTERM only with a trap.
trap 'rm -f "$temporary"' EXIT
trap 'kill $!; exit 143' TERM INT
"${3:-copy}" &
wait $!
