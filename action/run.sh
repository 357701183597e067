#!/usr/bin/env bash
# One command of assistctl. What it prints is the step's log; what later steps need is in files of the runner.
set -euo pipefail

program="$RUNNER_TEMP/assistctl/bin/assistctl"
report="$RUNNER_TEMP/assistctl-report.md"
: >"$report" # left empty, it says that the command failed

# An input that is left out leaves a variable of the job as it is.
[ -z "$INPUT_ENVIRONMENT" ] || export ASSISTCTL_ENV="$INPUT_ENVIRONMENT"
[ -z "$INPUT_PROVIDER" ] || export ASSISTCTL_PROVIDER="$INPUT_PROVIDER"
[ -z "$INPUT_BASE_URL" ] || export ASSISTCTL_BASE_URL="$INPUT_BASE_URL"

validate() { env -u ASSISTCTL_ENV "$program" -C "$INPUT_FOLDER" validate --format github; }

# exec: a signal of the runner reaches assistctl itself, which then ends in order.
case "$INPUT_COMMAND" in
validate)
	validate
	;;
plan)
	validate
	exec "$program" -C "$INPUT_FOLDER" plan --report "markdown=$report" ${INPUT_PLAN_FILE:+--out "$INPUT_PLAN_FILE"}
	;;
diff)
	validate
	exec "$program" -C "$INPUT_FOLDER" diff --report "markdown=$report" -- "$INPUT_REVISION"
	;;
apply)
	if [ -n "$INPUT_PLAN_FILE" ]; then
		exec "$program" -C "$INPUT_FOLDER" apply -- "$INPUT_PLAN_FILE"
	fi
	exec "$program" -C "$INPUT_FOLDER" apply --auto-approve
	;;
drift)
	"$program" -C "$INPUT_FOLDER" drift --format markdown | tee "$report"
	;;
*)
	echo "::error title=assistctl::command is validate, plan, diff, apply or drift" >&2
	exit 64
	;;
esac
