#!/bin/sh
# Say at once, and in one line each, what is missing to build protvis. Usage: check_tools.sh PYTHON
python=${1:-python3}
missing=0

lack() {
    echo "protvis: $1" >&2
    missing=1
}

if ! command -v "$python" >/dev/null 2>&1; then
    lack "Python 3.11 or newer is needed, and there is no '$python'. Debian, Ubuntu: apt install python3 python3-venv; another interpreter: make PYTHON=python3.12 ..."
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    lack "Python 3.11 or newer is needed, and '$python' is $("$python" -c 'import platform; print(platform.python_version())'). Name a newer one: make PYTHON=python3.12 ..."
elif ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    lack "'$python' cannot make virtual environments (no ensurepip). Debian, Ubuntu: apt install python3-venv"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info >= (3, 14))'; then
    echo "protvis: note: NGLView 4.0 wants NumPy below 2.3, which has no wheels for Python 3.14; pip will try to compile it. Python 3.11 to 3.13 install at once." >&2
fi

if ! command -v node >/dev/null 2>&1; then
    lack "Node.js 20 or newer is needed for the browser code, and there is no 'node'. See nodejs.org, or apt install nodejs npm where that is 20 or newer"
elif ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'; then
    lack "Node.js 20 or newer is needed for the browser code, and 'node' is $(node --version). See nodejs.org"
elif ! command -v npm >/dev/null 2>&1; then
    lack "npm is needed for the browser code and is not there. Debian, Ubuntu: apt install npm"
fi

exit $missing
