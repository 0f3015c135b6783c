#!/usr/bin/env bash
# Packages the upstream charts of the given Crossplane releases, unless an earlier run did, and prints
# their folder: `HELM=helm tools/upstream-charts.sh 1.20.13 2.4.2`. The source of a chart is the Go module
# of its release, which Go verifies; https://charts.crossplane.io/stable has the same chart.
set -euo pipefail
# shellcheck source=tools/cache.sh
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

charts=$cache/charts
mkdir -p "$charts"
unfinished=$(mktemp -d "$charts/.XXXXXX")
trap 'rm -rf "$unfinished"' EXIT

for version in "${@:?usage: HELM=helm tools/upstream-charts.sh VERSION...}"; do
  [[ ! -f $charts/crossplane-$version.tgz ]] || continue
  case $version in
    1.*) module=github.com/crossplane/crossplane@v$version ;;
    *) module=github.com/crossplane/crossplane/v${version%%.*}@v$version ;;
  esac
  need_go
  say "packaging the chart of $module"
  sources=$(go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  "${HELM:-helm}" package "$sources/cluster/charts/crossplane" \
    --version "$version" --app-version "$version" --destination "$unfinished" >/dev/null
  mv "$unfinished/crossplane-$version.tgz" "$charts/"
done
echo "$charts"
