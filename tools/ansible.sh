#!/usr/bin/env bash
# Installs Ansible with the collection kubernetes.core, unless an earlier run did, and prints the folder
# of its programs. The package `ansible` contains about a hundred collections; the script unpacks only kubernetes.core.
# It bypasses the requirements of the package, because the collection supports older versions of Python and ansible-core.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=tools/cache.sh
source ./cache.sh

constraints=ansible/constraints.txt
hash=$(cat ansible.sh "$constraints" | sha256sum | cut -c -12)
folder=$cache/ansible-$hash
mkdir -p "$cache"
exec {lock}>"$folder.lock"
flock "$lock" # another run may be installing it

if [[ ! -f $folder/complete ]]; then
  say "installing Ansible with kubernetes.core"
  rm -rf "$folder"
  python3 -m venv "$folder"
  pip=("$folder/bin/pip" --quiet --disable-pip-version-check)
  "${pip[@]}" install --constraint "$constraints" ansible-core >&2
  "${pip[@]}" download --no-deps --only-binary=:all: --python-version=3.14 --dest="$folder/wheels" \
    --constraint "$constraints" ansible >&2
  "$folder/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path
from zipfile import ZipFile

folder = Path(sys.argv[1])
[site_packages] = folder.glob("lib/python*/site-packages")
[wheel] = (folder / "wheels").glob("*.whl")
with ZipFile(wheel) as archive:
    prefix = "ansible_collections/kubernetes/core/"
    archive.extractall(site_packages, [name for name in archive.namelist() if name.startswith(prefix)])
PYTHON
  rm -r "$folder/wheels"
  touch "$folder/complete"
fi
echo "$folder/bin"
