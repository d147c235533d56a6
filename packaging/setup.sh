# Sourced by run.sh and test.sh from the top of the checkout: makes .venv and installs what is missing.

# What Qt and OpenCV load at run time, by Debian's package names; most desktops have them already.
debian_packages="python3-venv libgl1 libegl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon0 libxcb-cursor0 \
libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0"

say() { printf 'faceguard: %s\n' "$*" >&2; }

find_python() {
    for python in python3.13 python3.12 python3.11 python3; do
        if command -v "$python" >/dev/null 2>&1 &&
            "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    say "Python 3.11 or newer is needed and was not found. On Debian: apt install python3 python3-venv"
    exit 2
}

# The libraries that the wheels do not bring along. Asked of the loader itself: package names differ.
missing_libraries() {
    [ "$(uname -s)" = Linux ] || return 0
    "$1" - <<'PY'
import ctypes
names = "libGL.so.1 libEGL.so.1 libglib-2.0.so.0 libdbus-1.so.3 libfontconfig.so.1 libxkbcommon.so.0 libxcb-cursor.so.0 \
libxcb-icccm.so.4 libxcb-keysyms.so.1 libxcb-shape.so.0 libxcb-xkb.so.1 libxkbcommon-x11.so.0".split()
for name in names:
    try:
        ctypes.CDLL(name)
    except OSError:
        print(name)
PY
}

system_packages() {
    python=$1
    missing=$(missing_libraries "$python")
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    [ -n "$missing" ] || return 0
    say "missing on this machine:" $missing
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        say "installing them with apt-get"
        DEBIAN_FRONTEND=noninteractive apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $debian_packages >/dev/null
    elif command -v apt-get >/dev/null 2>&1; then
        say "type this once, then run again:"
        say "  sudo apt-get install --no-install-recommends $debian_packages"
        exit 2
    else
        say "install these libraries with this system's package manager, then run again."
        exit 2
    fi
}

# set_up EXTRA: .venv with faceguard and an optional extra. A stamp of pyproject.toml tells whether anything is to do.
set_up() {
    extra=$1
    stamp=".venv/.faceguard${extra:+-$extra}"
    if [ -x .venv/bin/faceguard ] && [ -f "$stamp" ] && cmp -s pyproject.toml "$stamp"; then
        return 0
    fi
    python=$(find_python)
    system_packages "$python"
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        say "making .venv with $("$python" --version)"
        rm -rf .venv
        "$python" -m venv .venv
    fi
    say "installing faceguard and what it needs (once; some minutes on a slow line)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".${extra:+[$extra]}"
    cp pyproject.toml "$stamp"
}

# insightface asks for the CPU runtime, and both runtimes own the same folder: the last one installed wins.
use_gpu() {
    if [ "$(uname -s)" = Darwin ]; then
        say "there is no CUDA on macOS; leave --gpu out."
        exit 2
    fi
    if .venv/bin/python -c 'import importlib.metadata as m; m.version("onnxruntime-gpu")' 2>/dev/null; then
        return 0
    fi
    say "installing the GPU runtime (about 2 GB)"
    .venv/bin/python -m pip uninstall --quiet --yes onnxruntime
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "onnxruntime-gpu[cuda,cudnn]"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps onnxruntime-gpu
}
