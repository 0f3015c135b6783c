#!/usr/bin/env bash
# Records an SVG of `watch` in a real cluster, with edits of the package below it: `recording.sh HELM OUTPUT`.
# KUBECONFIG names a cluster without Crossplane, such as a new one of `make cluster`.
set -euo pipefail
helm=$1
output=$(realpath "$2")
root=$(cd "$(dirname "$0")/.." && pwd)
export HELM_PLUGINS
HELM_PLUGINS=$(crossplane-devcache plugin-dir)

work=$(mktemp -d)
terminal=(tmux -L "recording-$$" -f /dev/null)
trap '"${terminal[@]}" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
cp -r "$root/examples/network" "$work"
cd "$work"
# Only the API: the cluster reaches no registry with the function that the rest depends on.
rm -r network/apis/composition.yaml network/examples
sed -i '/dependsOn:/,$d' network/crossplane.yaml

echo 'recording: helm upgrade --install' >&2
"$helm" upgrade --install crossplane "$root/charts/crossplane-devcache" --namespace crossplane-system --create-namespace \
  --post-renderer crossplane-devcache --set devcache.live=true --set devcache.packages.network.path=./network --wait >/dev/null

edited=network/apis/definition.yaml
type() { # TEXT: types it into the lower pane, as a person does
  local i
  for ((i = 0; i < ${#1}; i++)); do
    "${terminal[@]}" send-keys -t 0.1 -l "${1:i:1}"
    sleep 0.03
  done
  sleep 0.4
  "${terminal[@]}" send-keys -t 0.1 Enter
  sleep 3
}
edit() {
  sleep 4
  type "sed -i 's/cidr:/range:/' $edited"
  type "kubectl explain xnetworks.spec | grep -E 'cidr|range'"
  type "sed -i 's/kind:/kind: {/' $edited"
  type "sed -i 's/kind: {/kind:/' $edited"
  type "sed -i 's/range:/cidr:/' $edited"
  type "kubectl explain xnetworks.spec | grep -E 'cidr|range'"
  "${terminal[@]}" kill-server
}

echo 'recording: half a minute of edits' >&2
"${terminal[@]}" new-session -d -x 110 -y 24 'crossplane-devcache watch ./network'
"${terminal[@]}" set -g status off
"${terminal[@]}" split-window -v -l 12 "PS1='\$ ' bash --norc"
edit &
mkfifo keys # an input that stays open and empty, because the recording ends with its input
pipx run --quiet --spec termtosvg==1.1.0 termtosvg "$output" --screen-geometry 110x24 --template window_frame \
  --loop-delay 1 --min-frame-duration 100 --command "${terminal[*]} attach" 0<>keys >/dev/null
wait
