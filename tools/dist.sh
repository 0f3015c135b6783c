#!/usr/bin/env bash
# Builds what a release consists of into a folder, and checks it: `tools/dist.sh dist` makes the sdist,
# the wheel, the Helm 4 plugin and the chart. The same commit gives the same bytes: every file in them
# is as old as the commit, or as SOURCE_DATE_EPOCH says.
set -euo pipefail
folder=$(realpath -m "${1:?usage: tools/dist.sh FOLDER}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "$folder"

name=crossplane-devcache
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' postrender/__init__.py)
helm=$(tools/build.sh helm4) # Helm 3 gives the files in a package the time of the packaging
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# The wheel is made from the sdist, with the hatchling of constraints.txt.
python -m build --no-isolation --outdir "$folder" . >"$stage/build.log" || { cat "$stage/build.log" >&2; exit 1; }
twine check --strict "$folder/${name/-/_}-$version"{.tar.gz,-py3-none-any.whl} >&2

# Helm wants the folder in the archive to be called like the archive.
plugin=$name-plugin
mkdir "$stage/$plugin"
cp "postrender/plugin/$name/$name/plugin.yaml" "$stage/$plugin/"
tar -C "$stage" --create --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --mode=u=rwX,go=rX \
  --owner=0 --group=0 --numeric-owner "$plugin" | gzip --no-name --best >"$folder/$plugin-$version.tgz"

# With the upstream chart inside, which `make chart` brought.
cp -r "charts/$name" "$stage/"
for archive in "$stage/$name"/charts/*.tgz; do
  tar -C "${archive%/*}" -xzf "$archive"
  rm "$archive"
done
tools/changelog.py annotation "$version" >>"$stage/$name/Chart.yaml" # whose last part are the annotations
find "$stage/$name" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
"$helm" package "$stage/$name" --destination "$folder" >&2
"$helm" lint --strict --quiet "$folder/$name-$version.tgz" >&2
