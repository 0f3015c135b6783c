#!/usr/bin/env bash
# Installs those of the given Debian packages that are missing: `tools/debian.sh shellcheck`.
set -euo pipefail

present() {
  case $1 in
    busybox-static) command -v busybox ;;
    python3-venv) python3 -c 'import ensurepip' ;;
    *) command -v "$1" ;;
  esac &>/dev/null
}

missing=()
for package in "$@"; do
  present "$package" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "tools: install these packages yourself, because apt-get is missing: ${missing[*]}" >&2
  exit 1
fi
as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo)
echo "tools: installing from Debian: ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
