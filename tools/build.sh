#!/usr/bin/env bash
# Builds a Go program, unless an earlier run built it, and prints the path of the binary:
# `tools/build.sh helm4`. A program is a folder here, whose go.mod has the packages to build (`tool`)
# and all versions, or a folder in examples with its source. A build stays valid until its inputs or
# the build command change. For a folder with several programs, such as kubernetes, the script prints
# the folder of the binaries.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=tools/cache.sh
source ./cache.sh

tool=${1:?usage: tools/build.sh TOOL}
folder=$tool
[[ -f $folder/go.mod ]] || folder=../examples/$tool
if [[ ! -f $folder/go.mod ]]; then
  tools=(*/go.mod ../examples/*/go.mod)
  tools=("${tools[@]%/go.mod}")
  say "unknown tool $tool; the tools are:" "${tools[@]##*/}"
  exit 2
fi

name=${tool%%-[0-9]*} # the binary of crossplane-2.4 is crossplane
name=${name%[34]}     # the binaries of helm3 and helm4 are helm, for use on a PATH

mapfile -t packages < <(sed -n '/^tool (/,/^)/s/^\t//p; s/^tool \([^(].*\)/\1/p' "$folder/go.mod")
[[ ${#packages[@]} -gt 0 ]] || packages=(.)
package=${packages[0]}
module=${package%/cmd/*}
version=$(awk -v package="$package/" '$2 ~ /^v/ && index(package, $1 "/") == 1 { print $2 }' "$folder/go.mod")

# A program that is built as a dependency does not know its version, so the linker sets its variable.
case $tool in
  helm4 | crossplane) stamps=("$module/internal/version.version=$version") ;;
  helm3)
    # Also set the version of Kubernetes for `helm template` and `helm lint`, as Helm's Makefile does.
    minor=$(awk '$1 == "k8s.io/client-go" { split($2, v, "."); print v[2] }' helm3/go.mod)
    stamps=("$module/internal/version.version=$version"
      "$module/pkg/chartutil.k8sVersionMinor=$minor" "$module/pkg/lint/rules.k8sVersionMinor=$minor")
    ;;
  ct) stamps=("$package/cmd.Version=$version") ;;
  helm-unittest) stamps=("$module/internal/build.version=${version#v}") ;;
  helmfile) stamps=("go.szostok.io/version.version=$version") ;;
  helm-docs) stamps=("main.version=${version#v}") ;;
  crossplane-1.* | crossplane-2.[0-2]) stamps=("$module/internal/version.version=$version") ;;
  crossplane-2.*) stamps=("${module%/v2}-runtime/v2/pkg/version.version=$version") ;;
  kubernetes-*)
    # Charts read the version of the API server, and components compare their versions.
    IFS=. read -r major minor _ <<<"${version#v}"
    stamps=(k8s.io/component-base/version.git{Version="$version",Major="$major",Minor="$minor"})
    ;;
  *) stamps=() ;;
esac

env=(CGO_ENABLED=0)
# A go.mod with a toolchain needs a newer Go, which go may fetch even if the environment forbids it.
! grep -q '^toolchain ' "$folder/go.mod" || env+=(GOTOOLCHAIN=auto)
build=(env "${env[@]}" go build -C "$folder" -trimpath -buildvcs=false -ldflags "-s -w ${stamps[*]/#/-X }")
hash=$({
  cat "$folder"/go.mod "$folder"/go.sum "$folder"/*.go
  printf '%s\n' "${build[@]}" "${packages[@]}"
} | sha256sum | cut -c -12)
binary=$cache/$tool-$hash/$name
if [[ -x $binary ]]; then
  echo "$binary"
  exit
fi

# A first build takes minutes, and go prints either nothing or every package.
progress() {
  awk -v tool="$tool" '
    function show() { if (++count % 100 == 0) print "tools:   " tool ": " count " sources fetched or compiled" }
    /^go: downloading/ || /^[^ ]+$/ { show(); next }
    { print }
  ' >&2
}

need_go
say "building $tool${version:+ ${version#v}} (takes minutes the first time)"
mkdir -p "${binary%/*}"
unfinished=$(mktemp -d "$binary.XXXXXX")
trap 'rm -rf "$unfinished"' EXIT
chmod 755 "$unfinished"
"${build[@]}" -v -o "$unfinished/" "${packages[@]}" |& progress
built=$unfinished
[[ ${#packages[@]} -gt 1 ]] || built=$(echo "$unfinished"/*)
[[ -d $binary ]] || mv -T "$built" "$binary" # atomically: another run may build or use the same program
echo "$binary"
