#!/bin/sh
# The whole check: lint, types, import contracts and every test, offscreen. Installs what it needs first.
# Arguments go to pytest:  sh packaging/test.sh tests/unit/access -x
set -eu
CDPATH='' cd -- "$(dirname "$0")/.."
. packaging/setup.sh
set_up dev

# What a desktop, a shell or another project may have set and would change what is tested.
unset PYTEST_ADDOPTS PYTEST_PLUGINS PYTEST_DISABLE_PLUGIN_AUTOLOAD PYTEST_XDIST_AUTO_NUM_WORKERS MYPYPATH RUFF_CONFIG
unset FACEGUARD_HOME QT_SCALE_FACTOR QT_FONT_DPI QT_STYLE_OVERRIDE QT_QPA_PLATFORMTHEME QT_LOGGING_RULES
export QT_QPA_PLATFORM=offscreen ORT_DISABLE_TELEMETRY=1

red=""
# check NAME COMMAND ...: one part of the check; a red one does not hide the parts after it.
check() {
    name=$1
    shift
    say "$name"
    "$@" || red="$red${red:+, }$name"
}

bin=.venv/bin
check "ruff check" $bin/ruff check .
check "ruff format" $bin/ruff format --check .
check "mypy" $bin/mypy
check "import contracts" $bin/lint-imports --no-cache
# Two processes, a file's tests in one of them: the files share nothing but installed packages. In the order of their
# names: the longest ones come first then (e2e), and none is left over for one process at the end.
check "tests" $bin/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder "$@"
[ -z "$red" ] || give_up "red: $red"
say "all green"
