# shellcheck shell=sh
# Sourced by run.sh and test.sh from the top of the checkout: makes .venv and installs what is missing.

# A desktop's leftovers (another program's Python) must not reach into this one.
unset PYTHONHOME PYTHONPATH

# What Qt and OpenCV load at run time and their wheels do not bring along, and Debian's packages of them.
libraries="libGL.so.1 libEGL.so.1 libglib-2.0.so.0 libdbus-1.so.3 libfontconfig.so.1 libxkbcommon.so.0 \
libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-keysyms.so.1 libxcb-shape.so.0 libxcb-xkb.so.1 libxkbcommon-x11.so.0 \
libwayland-cursor.so.0"
library_packages="libgl1 libegl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon0 \
libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0 \
libwayland-cursor0"

say() { printf 'faceguard: %s\n' "$*" >&2; }

give_up() {
    say "$@"
    exit 2
}

# find_python: sets $python. The system's own python3 first: its venv package is the one the name says.
find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            return 0
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no Python")
    case "$(uname -s)" in
        Darwin) give_up "Python 3.11 or newer is needed; found: $found. Get it from python.org or: brew install python" ;;
        *) give_up "Python 3.11 or newer is needed; found: $found. On Debian 12 or newer: apt-get install python3 python3-venv" ;;
    esac
}

# Prints the libraries that are missing. The loader itself is asked: package names differ from system to system.
missing_libraries() {
    [ "$(uname -s)" = Linux ] || return 0
    # shellcheck disable=SC2086  # one argument per name
    "$python" - $libraries <<'PY'
import ctypes
import sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError:
        print(name)
PY
}

# Sees to the system libraries and to python3-venv: by apt-get when root, otherwise by saying what to type.
system_packages() {
    missing=$(missing_libraries | tr '\n' ' ')
    packages=${missing:+$library_packages}
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        missing="$missing$python-venv"
        packages="$packages${packages:+ }$python-venv"
    fi
    [ -n "$packages" ] || return 0
    say "missing on this machine: $missing"
    if ! command -v apt-get >/dev/null 2>&1; then
        give_up "install these with this system's package manager, then run again."
    elif [ "$(id -u)" != 0 ]; then
        say "type this once, then run again:"
        echo "  sudo apt-get update && sudo apt-get install --no-install-recommends $packages" >&2
        exit 2
    fi
    say "installing them with apt-get"
    # shellcheck disable=SC2086  # one argument per package
    if ! { DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null; }; then
        give_up "apt-get could not install them (its words are above)."
    fi
}

# What .venv is for: the place (its programs and the editable install hold the path) and the Python, and what is in it:
# the extra and the part of pyproject.toml that names the dependencies.
place_now() { printf '%s\n%s\n' "$PWD" "$(.venv/bin/python -c 'import sys; print(sys.version_info[:2])' 2>/dev/null)"; }
packages_now() {
    printf 'extra: %s\n' "$1"
    sed '/^\[tool\./,$d' pyproject.toml
}

# Written into .venv: .place once the interpreter is whole, .packages once all of them are in, and .unfinished while
# pip writes. What a cut-off pip leaves half-written it would later take for whole: such a .venv is made anew.
is_sound() { [ ! -e .venv/.unfinished ] && [ -f .venv/.place ] && [ "$(cat .venv/.place)" = "$(place_now)" ]; }
has_packages() { [ -f .venv/.packages ] && [ "$(cat .venv/.packages)" = "$(packages_now "$1")" ]; }

run_pip() {
    touch .venv/.unfinished
    if ! .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; then
        # Failed before it wrote anything (no network, say): what was there still works.
        [ -n "$(find .venv/lib -newer .venv/.unfinished)" ] || rm .venv/.unfinished
        give_up "pip could not do it; its words are above. (Is there a network line and room on the disk?)"
    fi
    rm .venv/.unfinished
}

has_distribution() {
    .venv/bin/python -c 'import importlib.metadata, sys; importlib.metadata.version(sys.argv[1])' "$1" 2>/dev/null
}

# set_up EXTRA: .venv with faceguard and, unless EXTRA is empty, what that extra adds. Where all is there, it does nothing.
set_up() {
    if is_sound && [ -x .venv/bin/faceguard ] && { has_packages "$1" || has_packages dev; }; then
        return 0
    fi
    find_python
    system_packages
    if ! is_sound; then
        say "making .venv with $("$python" --version)"
        rm -rf .venv
        "$python" -m venv .venv
        place_now >.venv/.place
    fi
    had_gpu=no
    ! has_distribution onnxruntime-gpu || had_gpu=yes
    say "installing faceguard and what it needs (once; some minutes on a slow line)"
    run_pip install --editable ".${1:+[$1]}"
    [ "$had_gpu" = no ] || swap_runtime
    packages_now "$1" >.venv/.packages
}

# Puts the GPU runtime of the networks in the CPU one's place. insightface asks for the CPU one, and both own the same
# folder: the last one installed wins, and removing either breaks the other. So: GPU in, CPU out, GPU written anew.
swap_runtime() {
    if has_distribution onnxruntime-gpu && ! has_distribution onnxruntime; then
        return 0
    fi
    say "installing the GPU runtime (about 1.6 GB, once)"
    run_pip install "onnxruntime-gpu[cuda,cudnn]>=1.31,<2"
    run_pip uninstall --yes onnxruntime
    run_pip install --force-reinstall --no-deps "onnxruntime-gpu>=1.31,<2"
}

use_gpu() {
    [ "$(uname -s)" != Darwin ] || give_up "there is no CUDA on macOS; leave --gpu out."
    .venv/bin/python -c 'import ctypes; ctypes.CDLL("libcuda.so.1")' 2>/dev/null ||
        give_up "no NVIDIA driver was found (libcuda.so.1): install it first, or leave --gpu out."
    swap_runtime
}
