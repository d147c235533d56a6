#!/bin/sh
# Sets faceguard up beside this file (once) and starts it. sh packaging/run.sh --help tells the rest.
set -eu
called_from=$PWD
CDPATH='' cd -- "$(dirname "$0")/.."
. packaging/setup.sh

gpu=no
headless=no
case "$(uname -s)" in
    Linux) [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || headless=yes ;;
esac
while [ $# -gt 0 ]; do
    case "$1" in
        --gpu) gpu=yes ;;
        --headless) headless=yes ;;
        --help | -h)
            cat <<'HELP'
sh packaging/run.sh [--headless] [--gpu] [COMMAND ...]

Makes .venv, installs faceguard and what it needs, and starts it. Run again it starts at once.
With a screen the desktop window opens; without one, or with --headless, the demonstration runs.

  --headless   run the demonstration even where there is a screen
  --gpu        also put the GPU runtime of the networks in the CPU one's place (Linux, NVIDIA, CUDA 13)
  COMMAND      any faceguard command instead, e.g.  sh packaging/run.sh doctor
HELP
            exit 0
            ;;
        *) break ;;
    esac
    shift
done

# A screen that is named but does not answer (a forgotten DISPLAY) would end Qt in the middle of its start.
screen_answers() {
    [ "$(uname -s)" = Linux ] && [ -z "${WAYLAND_DISPLAY:-}" ] || return 0
    .venv/bin/python - <<'PY'
import ctypes
import sys
xcb = ctypes.CDLL("libxcb.so.1")
xcb.xcb_connect.restype = ctypes.c_void_p
sys.exit(xcb.xcb_connection_has_error(ctypes.c_void_p(xcb.xcb_connect(None, None))))
PY
}

set_up ""
[ "$gpu" = no ] || use_gpu
faceguard=$PWD/.venv/bin/faceguard
if [ $# -gt 0 ]; then
    cd -- "$called_from" # the command's file names are the caller's
    exec "$faceguard" "$@"
elif [ "$headless" = yes ]; then
    exec "$faceguard" demo
elif ! screen_answers; then
    say "the screen ${DISPLAY:-} does not answer; here is the demonstration instead."
    exec "$faceguard" demo
else
    exec "$faceguard" run
fi
