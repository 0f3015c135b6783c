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
# The copier uses only regular files of the cache, in folders that are not links.
set -euC # C: > creates a file, and never writes to what is there
umask 022 # whoever runs Crossplane must be able to read

say() { # in one line, and without the control characters that a name may hold
  printf '%s' "$*" | tr -c ' -~' '?' && echo
}

fail() {
  say "crossplane-devcache: error: $*" >&2
  exit 1
}

mark() { # RFC 1952: 10 bytes of header (8: a name follows), the name, nothing compressed, CRC, size
  printf '\037\213\010\010\0\0\0\0\0\003crossplane-devcache\0\003\0\0\0\0\0\0\0\0\0'
}

sum() { # of stdin
  sha256sum | cut -d ' ' -f 1
}

is_clear() { # PATH [KIND]; false, and says why, if there is something of another kind
  case $1 in */*) is_clear "${1%/*}" directory || return ;; esac
  kind=$(stat -c %F "./$1" 2>/dev/null) || return 0
  case $kind in "${2:-regular}"*) ;; *) echo "$1 is in the way: it is a $kind" && return 1 ;; esac
}

packed() { # the .xz
  # shellcheck disable=SC2086  # it may be a list of files
  (cd "$payload" && set -f && IFS=, && cat -- $file)
}

holds() { # FILE; false for a file that is damaged, cut off or not there, too
  [ "$({ gzip -dc 2>/dev/null <"$1" || echo damaged; } | sum)" = "$yaml_sum" ]
}

check() {
  case /$path/ in
    *//* | */.* | *[[:space:]]*) fail "$name.xz: the index gives it no path inside the cache" ;;
  esac
  reason=$(is_clear "$path") || fail "$name.xz: cannot write $path into the cache: $reason"
  reason=$(packed 2>&1 >/dev/null) || fail "$name.xz: not in the ConfigMap: $reason"
  [ "$(packed | sum)" = "$xz_sum" ] || fail "$name.xz: damaged, the index has another sha256"
  # The sum decides: unxz of busybox exits 0, with no output, for a file that is no xz.
  [ "$(packed | unxz -c | sum)" = "$yaml_sum" ] ||
    fail "$name.xz: does not unpack to the package.yaml of the index"
}

place() {
  mkdir -p "$(dirname "./$path")" && mv -f -T "$temporary" "./$path"
}

write() {
  is_clear "$temporary" && rm -f "$temporary" || return
  { mark && packed | unxz -c | gzip -1; } >"$temporary" && holds "$temporary" || return
  # Twice, because another pod may just have unloaded the last file of the folder, and the folder.
  place 2>/dev/null || place
}

load() {
  if holds "./$path"; then
    say "unchanged $name -> $path${watching:+ $yaml_sum}"
  else
    reason=$(write 2>&1) || fail "$name.xz: cannot write $path into the cache: $reason"
    say "loaded $name -> $path${watching:+ $yaml_sum}"
  fi
}

each_package() { # FUNCTION, which uses the variables xz_sum, yaml_sum, file, path and name
  [ -n "$lines" ] || return 0
  while read -r xz_sum yaml_sum file path; do
    name=${file%%.*} # which has no dot
    # The round before has loaded it, and nobody has written the file since:
    case $newline$before$newline$newline$untouched in
      *"$newline$xz_sum $yaml_sum $file $path$newline"*"$newline./$path "*) ;;
      *) "$1" ;;
    esac
  done <<EOF
$lines
EOF
}

unload() { # ./PATH
  [ "$(head -c 40 2>/dev/null <"$1" | sum)" = "$mark_sum" ] || return 0 # Crossplane's own
  reason=$(rm -f "$1" 2>&1) || fail "cannot remove ${1#./} from the cache: $reason"
  rmdir -p "$(dirname "$1")" 2>/dev/null || : # as far up as it leaves empty folders
  say "unloaded ${1#./}"
}

look() { # once a round: an update of the ConfigMap swaps the link
  payload=$(cd "$mount/..data" 2>/dev/null || cd "$mount" && pwd -P) || return
  lines=$(cat "$payload/index" 2>/dev/null && { cat "$payload/pushed" 2>/dev/null || :; }) || return
  lines=$(printf '%s\n' "$lines" | awk '!seen[$4]++') || return # pushed, and declared since
  # As it was at the start: what another pod loads in the meantime is not this run's to unload.
  # No path of the index has white space, and a line break in a name would make two paths of one.
  files=$(find . -type f ! -name '.*' ! -path '*[[:space:]]*' -exec stat -c '%n %i %s %z' {} + \
    2>/dev/null) || : # lost+found of a volume is not readable
  untouched=$(printf '%s\n' "$files" "$files_before" | sort | uniq -d)
}

copy() {
  each_package check # all of it before the first write, so what fails later is the writing
  each_package load
  # What the round before loaded stays for one more: Crossplane looks for it until it is told of the
  # new content, which is after that is here.
  [ "$payload" != "$loaded" ] || return 0 # a file that is new now is another pod's
  listed=$(printf '%s\n' "$lines" "$before" | awk '{ printf " %s ", $4 }')
  echo "$files" | while read -r path _; do
    case $listed in *" ${path#./} "*) ;; *) unload "$path" ;; esac
  done
}

watch() {
  [ -d "$mount/..data" ] || fail "no ..data in $mount: kubelet updates no such mount"
  while :; do
    copy &
    pauses=25 # of a fifth of a second, until what has failed is tried again
    # Or a minute, until a file that somebody has written since is read again, and repaired.
    if wait $!; then before=$lines files_before=$files loaded=$payload pauses=300; fi
    # The test starts no process, nor does the sleep of busybox 1.36 and later: 0.4 % of a core.
    # shellcheck disable=SC3013  # no POSIX, but busybox, dash and bash have it
    while [ "$payload" -ef "$mount/..data" ] && [ "$pauses" != 0 ]; do
      pauses=$((pauses - 1))
      sleep 0.2
    done
    until look; do sleep 0.2; done # an update that came between has removed it again
  done
}

newline='
'
mount=$1 watching=${3:+yes} mark_sum=$(mark | sum)
before='' files_before='' loaded='' # the index, the files and the payload of the round before
# Unique to the pod, even if another has its hostname: no other folder of the node is the mount. It
# stays the same in a restarted container, which replaces its own leftover.
temporary=.crossplane-devcache.$({ hostname && stat -c %d.%i "$mount"; } | sum)
cd "$2" || fail "no cache at $2"
look || fail "no index in $mount"

# In the background, because a shell runs a trap only between commands, and as PID 1 it needs a trap
# for SIGTERM to end it at all.
trap '! is_clear "$temporary" >/dev/null || rm -f "$temporary"' EXIT
trap 'kill $!; exit 143' TERM INT
"${3:-copy}" &
wait $!
