#!/usr/bin/env bash
# Builds and checks the files of a release: `tools/dist.sh dist` writes the sdist, the wheel, the Helm 4
# plugin and the chart to dist. The build is reproducible: every file in them has the time of the commit,
# or of SOURCE_DATE_EPOCH.
set -euo pipefail
folder=$(realpath -m "${1:?usage: tools/dist.sh FOLDER}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "$folder"

name=crossplane-devcache
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' postrender/__init__.py)
helm=$(tools/build.sh helm4) # Helm 3 sets the time of the files in a package to the current time
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# The build creates the wheel from the sdist, with the hatchling of constraints.txt.
python -m build --no-isolation --outdir "$folder" . >"$stage/build.log" || { cat "$stage/build.log" >&2; exit 1; }
twine check --strict "$folder/${name/-/_}-$version"{.tar.gz,-py3-none-any.whl} >&2

# Helm requires that the folder in the archive has the name of the archive.
plugin=$name-plugin
mkdir "$stage/$plugin"
cp "postrender/plugin/$name/$name/plugin.yaml" "$stage/$plugin/"
tar -C "$stage" --create --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --mode=u=rwX,go=rX \
  --owner=0 --group=0 --numeric-owner "$plugin" | gzip --no-name --best >"$folder/$plugin-$version.tgz"

# The chart includes the upstream chart, which `make chart` downloaded.
cp -r "charts/$name" "$stage/"
for archive in "$stage/$name"/charts/*.tgz; do
  tar -C "${archive%/*}" -xzf "$archive"
  rm "$archive"
done
tools/changelog.py annotation "$version" >>"$stage/$name/Chart.yaml" # which ends with the annotations
find "$stage/$name" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
"$helm" package "$stage/$name" --destination "$folder" >&2
"$helm" lint --strict --quiet "$folder/$name-$version.tgz" >&2
