#!/bin/sh
# The whole check: lint, types, import contracts and every test, offscreen. Installs what it needs first.
set -eu
cd "$(dirname "$0")/.."
. packaging/setup.sh
set_up dev

export QT_QPA_PLATFORM=offscreen ORT_DISABLE_TELEMETRY=1
bin=.venv/bin
say "ruff"
$bin/ruff check .
$bin/ruff format --check .
say "mypy"
$bin/mypy
say "import contracts"
$bin/lint-imports --no-cache
say "tests"
exec $bin/python -m pytest "$@"
