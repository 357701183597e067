#!/usr/bin/env bash
# Installs the assistctl of this action's own commit, with the versions that its pyproject.toml constrains.
set -euo pipefail

home="$RUNNER_TEMP/assistctl"
[ ! -x "$home/bin/assistctl" ] || exit 0 # an earlier step of this job did it

# -I: the working folder holds the files of a pull request; a venv.py or pip.py among them must not run.
"$PYTHON" -I -m venv "$home"
"$home/bin/python" -I -m pip install --quiet --disable-pip-version-check uv==0.13.9
exec "$home/bin/uv" pip install --quiet --directory "$GITHUB_ACTION_PATH" --python "$home/bin/python" .
