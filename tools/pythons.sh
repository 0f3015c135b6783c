#!/usr/bin/env bash
# Finds the given Python versions and prints their folders in the format of a PATH:
# `tools/pythons.sh 3.13 3.14`. The script looks on the PATH and in pyenv; otherwise it unpacks the
# Python of Debian unstable with all its libraries outside the checkout. It omits a version that it
# cannot provide; tox then makes uv fetch it.
set -euo pipefail
shopt -s nullglob
# shellcheck source=tools/cache.sh
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

installed() { # resolves the shims of pyenv
  local python
  for python in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/"python$1"; do
    "$python" -c 'import sys; print(f"{sys.base_prefix}/bin")' 2>/dev/null && return
  done
  return 1
}

from_debian() (
  package=python$1
  root=$cache/pythons/$1
  echo "$root/usr/bin"
  [[ ! -d $root ]] || exit 0
  command -v apt-get >/dev/null || exit 1
  "$(dirname "${BASH_SOURCE[0]}")/debian.sh" patchelf || exit 1
  mkdir -p "$cache/pythons"
  unfinished=$(mktemp -d "$cache/pythons/.XXXXXX")
  trap 'rm -rf "$unfinished"' EXIT
  mkdir -p "$unfinished"/{lists,archives}/partial
  # shellcheck disable=SC2016 # a variable of apt
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | sed -n 1p)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$unfinished/sources.list"
  # Pretend that nothing is installed, to get all libraries, and leave the apt of the system alone.
  apt=(apt-get -qq -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Dir::Etc::SourceParts=/dev/null
    -o Dir::Etc::SourceList="$unfinished/sources.list" -o Dir::State::Lists="$unfinished/lists"
    -o Dir::State::status=/dev/null -o Dir::Cache="$unfinished")
  say "unpacking $package from Debian unstable"
  "${apt[@]}" update >&2 &&
    "${apt[@]}" install --yes --download-only --no-install-recommends "$package" >/dev/null &&
    for archive in "$unfinished"/archives/*.deb; do dpkg-deb --extract "$archive" "$unfinished/root" || exit 1; done &&
    loader=$(patchelf --print-interpreter "$unfinished/root/usr/bin/$package") &&
    libraries=("$unfinished"/root/usr/lib/*-linux-gnu) &&
    patchelf --set-interpreter "$root/usr$loader" --force-rpath --set-rpath "${libraries[0]/#$unfinished\/root/$root}" \
      "$unfinished/root/usr/bin/$package" &&
    mv -T "$unfinished/root" "$root"
)

folders=()
for version in "${@:?usage: tools/pythons.sh VERSION...}"; do
  if folder=$(installed "$version" || from_debian "$version"); then
    folders+=("$folder")
  else
    say "Python $version is not on the PATH, in pyenv or in Debian unstable"
  fi
done
(IFS=: && echo "${folders[*]}")
