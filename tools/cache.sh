# shellcheck shell=bash
# Sourced by the scripts beside it: where they keep what they build, outside the checkout.
export cache=${CROSSPLANE_DEVCACHE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/crossplane-devcache/tools}

say() { echo "tools: $*" >&2; }

need_go() {
  command -v go >/dev/null && return
  say "go is not on the PATH: install Go 1.21 or newer (which fetches the Go that a program asks for)"
  exit 1
}
