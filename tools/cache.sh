# shellcheck shell=bash
# The scripts in this folder source this file. Their cache of builds is outside the checkout.
export cache=${CROSSPLANE_DEVCACHE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/crossplane-devcache/tools}

say() { echo "tools: $*" >&2; }

need_go() {
  command -v go >/dev/null && return
  say "go is not on the PATH: install Go 1.21 or newer, which fetches the version of Go that a program needs"
  exit 1
}
