#!/usr/bin/env bash
# Runs `check` or `up` for action.yaml, and writes the job summary. Reads the inputs from the INPUT_* variables, and
# the path of the program from DEVCACHE. The bash of macOS is 3.2.
set -euo pipefail

refuse() {
  echo "::error title=crossplane-devcache::$1"
  exit 2
}

# Prints the lines of a text that are not blank, without the spaces around them.
lines() { sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d' <<<"$1"; }

[[ $INPUT_COMMAND == check || $INPUT_COMMAND == up ]] || refuse 'the input command is neither check nor up'
folder=$(mktemp -d "$RUNNER_TEMP/crossplane-devcache-XXXXXX")
report=$folder/report.txt errors=$folder/errors.txt values_file=

paths=() declaration=() arguments=()
while IFS= read -r line; do paths+=("$line"); done < <(lines "$INPUT_PATHS")
while IFS= read -r line; do declaration+=("--values=$line"); done < <(lines "$INPUT_VALUES")
if ((${#paths[@]})); then
  values_file=$folder/values.yaml
  declaration+=("--values=$values_file")
fi
[[ -z $INPUT_CONFIG ]] || declaration+=("--config=$INPUT_CONFIG")
((${#declaration[@]})) || refuse 'one of the inputs paths, values and config is required'
[[ -z $INPUT_CROSSPLANE ]] || declaration+=("--crossplane=$INPUT_CROSSPLANE")

[[ -z $INPUT_CONTEXT ]] || arguments+=("--context=$INPUT_CONTEXT")
while IFS= read -r line; do arguments+=("$line"); done < <(lines "$INPUT_ARGUMENTS")

echo "report=$report" >>"$GITHUB_OUTPUT"
echo "values=$values_file" >>"$GITHUB_OUTPUT"

run() {
  if [[ $values_file ]]; then "$DEVCACHE" init -f "$values_file" -- "${paths[@]}" || return; fi
  "$DEVCACHE" "$INPUT_COMMAND" "${declaration[@]}" ${arguments[@]+"${arguments[@]}"}
}
status=0
# Only stderr goes through the pipe, so the report is complete when the pipe ends.
{ run 2>&1 >"$report" | tee "$errors" >&2; } || status=$?
cat "$report"

summary() {
  local result=passed graph
  ((status == 0)) || result=failed
  # shellcheck disable=SC2016 # the backticks of Markdown; no line of a report begins with eight of them
  local fence='````````'
  printf '### crossplane-devcache %s: %s\n\n%stext\n' "$INPUT_COMMAND" "$result" "$fence"
  cat "$report"
  sed -n '/^crossplane-devcache: error: /,$p' "$errors" # it comes after the progress
  printf '%s\n' "$fence"
  if graph=$("$DEVCACHE" graph "${declaration[@]}" --output mermaid 2>/dev/null); then
    printf '\n%smermaid\n%s\n%s\n' "$fence" "$graph" "$fence"
  fi
}
[[ $INPUT_SUMMARY != true ]] || summary >>"$GITHUB_STEP_SUMMARY"
exit "$status"
