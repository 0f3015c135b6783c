#!/usr/bin/env bash
# Records an SVG of `up --watch` on an empty cluster, with edits of a package below it: `recording.sh HELM OUTPUT`.
# KUBECONFIG names a cluster without Crossplane, such as a new one of `make cluster`.
set -euo pipefail
helm=$1
output=$(realpath "$2")
root=$(cd "$(dirname "$0")/.." && pwd)
charts=("$root"/charts/crossplane-devcache/charts/crossplane-*.tgz)

work=$(mktemp -d)
terminal=(tmux -L "recording-$$" -f /dev/null)
trap '"${terminal[@]}" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/bin"
cp -r "$root/examples/network" "$root/examples/platform" "$work"
cd "$work"
# Only the APIs: the cluster reaches no registry with the function that the rest depends on.
rm -r ./*/apis/composition.yaml ./*/examples
sed -i '/dependsOn:/,$d' network/crossplane.yaml
sed -i '/# Crossplane pulls/,$d' platform/crossplane.yaml
crossplane xpkg build --package-root=network --examples-root=none --package-file=network.xpkg >/dev/null
rm -r network
# The chart of the repository comes from the file of `make chart`, because a recording needs no network.
cat >bin/helm <<END
#!/usr/bin/env bash
for argument; do
  case \$argument in
    --repo=*) arguments[-1]='${charts[0]}' ;;
    --version=*) ;;
    *) arguments+=("\$argument") ;;
  esac
done
exec '$helm' "\${arguments[@]}"
END
chmod +x bin/helm
export PATH=$work/bin:$PATH
shell="PS1='\$ ' bash --norc"

edited=platform/apis/definition.yaml
type() { # PANE TEXT: types it, as a person does
  local i
  for ((i = 0; i < ${#2}; i++)); do
    "${terminal[@]}" send-keys -t "0.$1" -l "${2:i:1}"
    sleep 0.03
  done
  sleep 0.4
  "${terminal[@]}" send-keys -t "0.$1" Enter
}
is_watching() { # whether the upper pane shows the table of `watch`
  "${terminal[@]}" capture-pane -p -t 0.0 | grep -q 'waiting for changes'
}
perform() {
  sleep 1
  type 0 'crossplane-devcache up ./platform ./network.xpkg --watch'
  until is_watching || ((SECONDS > 300)); do sleep 0.2; done
  sleep 2
  local line
  for line in \
    "sed -i 's/size:/plan:/' $edited" \
    "kubectl explain xenvironments.spec | grep -E 'size|plan'" \
    "sed -i 's/kind:/kind: {/' $edited" \
    "sed -i 's/kind: {/kind:/' $edited"; do
    type 1 "$line"
    sleep 3
  done
  "${terminal[@]}" send-keys -t 0.0 C-c
  sleep 2
  "${terminal[@]}" kill-server
}

echo 'recording: an installation, and half a minute of edits' >&2
"${terminal[@]}" new-session -d -x 110 -y 32 "$shell"
"${terminal[@]}" set -g status off
"${terminal[@]}" split-window -v -l 8 "$shell"
perform &
mkfifo keys # an input that stays open and empty, because the recording ends with its input
pipx run --spec termtosvg==1.1.0 termtosvg "$output" --screen-geometry 110x32 --template window_frame \
  --loop-delay 1 --min-frame-duration 200 --command "${terminal[*]} attach" 0<>keys >/dev/null
wait
