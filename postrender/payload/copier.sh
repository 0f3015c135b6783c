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
# In the cache, the copier uses only regular files, in folders that are not links.
set -euC # C: > creates a new file, and fails if the name exists
umask 022 # the user of Crossplane must be able to read the files

say() { # in one line, without the control characters of a name
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

is_clear() { # PATH [KIND]; false if another kind of file has the name or the name of a folder
  case $1 in */*) is_clear "${1%/*}" directory || return ;; esac
  kind=$(stat -c %F "./$1" 2>/dev/null) || return 0
  case $kind in "${2:-regular}"*) ;; *) echo "$1 is in the way: it is a $kind" && return 1 ;; esac
}

packed() { # the .xz
  # shellcheck disable=SC2086  # it may be a list of files
  (cd "$payload" && set -f && IFS=, && cat -- $file)
}

holds() { # FILE; also false for a damaged, truncated or missing file
  [ "$({ gzip -dc 2>/dev/null <"$1" || echo damaged; } | sum)" = "$yaml_sum" ]
}

check() {
  case /$path/ in
    *//* | */.* | *[[:space:]]*) fail "$name.xz: the index gives it no path inside the cache" ;;
  esac
  reason=$(is_clear "$path") || fail "$name.xz: cannot write $path into the cache: $reason"
  reason=$(packed 2>&1 >/dev/null) || fail "$name.xz: not in the ConfigMap: $reason"
  [ "$(packed | sum)" = "$xz_sum" ] || fail "$name.xz: damaged, the index has another sha256"
  # Check the sum, because unxz of busybox exits 0 without output for a file that is not xz.
  [ "$(packed | unxz -c | sum)" = "$yaml_sum" ] ||
    fail "$name.xz: does not unpack to the package.yaml of the index"
}

place() {
  mkdir -p "$(dirname "./$path")" && mv -f -T "$temporary" "./$path"
}

write() {
  is_clear "$temporary" && rm -f "$temporary" || return
  { mark && packed | unxz -c | gzip -1; } >"$temporary" && holds "$temporary" || return
  # Twice, because another pod may just have removed the last file of the folder, and the folder.
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
    name=${file%%.*} # a name has no dot
    # Skip a package that the previous round loaded, unless somebody has written the file since.
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
  rmdir -p "$(dirname "$1")" 2>/dev/null || : # also removes all parent folders that become empty
  say "unloaded ${1#./}"
}

look() { # once a round: an update of the ConfigMap swaps the link
  payload=$(cd "$mount/..data" 2>/dev/null || cd "$mount" && pwd -P) || return
  lines=$(cat "$payload/index" 2>/dev/null && { cat "$payload/pushed" 2>/dev/null || :; }) || return
  lines=$(printf '%s\n' "$lines" | awk '!seen[$4]++') || return # a pushed package may be declared now
  # List the files at the start, so that this run does not unload files that another pod loads
  # meanwhile. Skip paths with white space: the index has none, and a line break would split one.
  files=$(find . -type f ! -name '.*' ! -path '*[[:space:]]*' -exec stat -c '%n %i %s %z' {} + \
    2>/dev/null) || : # lost+found of a volume is not readable
  untouched=$(printf '%s\n' "$files" "$files_before" | sort | uniq -d)
}

copy() {
  each_package check # all of them before the first write: later only a write can fail
  each_package load
  # Keep the files of the previous round for one more round: Crossplane reads them until it is
  # notified of the new content, which happens only after the copier has loaded that.
  [ "$payload" != "$loaded" ] || return 0 # new files belong to another pod
  listed=$(printf '%s\n' "$lines" "$before" | awk '{ printf " %s ", $4 }')
  echo "$files" | while read -r path _; do
    case $listed in *" ${path#./} "*) ;; *) unload "$path" ;; esac
  done
}

watch() {
  [ -d "$mount/..data" ] || fail "no ..data in $mount: kubelet updates no such mount"
  while :; do
    copy &
    pauses=25 # of a fifth of a second; then a failed copy is repeated
    # After a minute, read the files again that somebody has written, and repair them.
    if wait $!; then before=$lines files_before=$files loaded=$payload pauses=300; fi
    # The test starts no process, nor does the sleep of busybox 1.36 and later: 0.4 % of a core.
    # shellcheck disable=SC3013  # no POSIX, but busybox, dash and bash have it
    while [ "$payload" -ef "$mount/..data" ] && [ "$pauses" != 0 ]; do
      pauses=$((pauses - 1))
      sleep 0.2
    done
    until look; do sleep 0.2; done # it fails if the next update has removed the files
  done
}

newline='
'
mount=$1 watching=${3:+yes} mark_sum=$(mark | sum)
before='' files_before='' loaded='' # the index, the files and the payload of the previous round
# Unique to the pod, even if another pod has the same hostname, because each pod has its own mount.
# A restarted container has the same name, and replaces its old file.
temporary=.crossplane-devcache.$({ hostname && stat -c %d.%i "$mount"; } | sum)
cd "$2" || fail "no cache at $2"
look || fail "no index in $mount"

# Run in the background, because a shell runs a trap only between commands. As PID 1, the shell stops
# on SIGTERM only with a trap.
trap '! is_clear "$temporary" >/dev/null || rm -f "$temporary"' EXIT
trap 'kill $!; exit 143' TERM INT
"${3:-copy}" &
wait $!
