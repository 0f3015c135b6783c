#!/bin/sh
# Renders Crossplane with the packages of devcache.yaml into the folder rendered: core, which an empty
# cluster accepts, and packages, which need the CRDs of Crossplane.
set -eu
cd "$(dirname "$0")"
chart=${CHART:-https://charts.crossplane.io/stable/crossplane-2.4.2.tgz}

rm -rf rendered
mkdir -p rendered/core rendered/packages
helm template crossplane "$chart" --namespace crossplane-system |
  crossplane-devcache --config=devcache.yaml >rendered/all.yaml
for part in core packages; do
  crossplane-devcache --part="$part" <rendered/all.yaml >"rendered/$part/crossplane.yaml"
done
rm rendered/all.yaml
cat >rendered/core/namespace.yaml <<'END'
apiVersion: v1
kind: Namespace
metadata:
  name: crossplane-system
END
