#!/bin/sh
# Make sure the browser tests find a Chromium. Usage: ensure_chromium.sh VENV_PYTHON
# Where the tests look is written in one place, tests/chromium.py; this script asks it.
set -u
python=$1

found() { "$python" tests/chromium.py; }
# Who has one and is not root is asked for nothing; root is so in a container, where Debian's headless one is added:
# it takes a tenth less of the tests' CPU.
if [ "$(id -u)" != 0 ] || [ -n "${PROTVIS_CHROMIUM:-}" ]; then found && exit 0; fi

if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    sudo=none
fi

# Ubuntu's chromium package is only a door to snap, which containers lack; Playwright brings its own there.
distribution=$(. /etc/os-release 2>/dev/null && echo "${ID:-}")
if [ "$sudo" != none ] && [ "$distribution" != ubuntu ] && command -v apt-get >/dev/null 2>&1; then
    install() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }
    # Mesa's libraries draw the tests' 3D in less time.
    command -v chromium-headless-shell >/dev/null || {
        $sudo apt-get update
        install chromium-headless-shell libegl1 libgl1-mesa-dri || found || install chromium
    }
elif [ "$sudo" != none ]; then
    found || "$python" -m playwright install --with-deps chromium
fi
found && exit 0

cat >&2 <<TXT
protvis: the browser tests need Chromium, and there is none. Run one of these, then make test again:
    sudo apt-get install chromium                               (Debian)
    $python -m playwright install --with-deps chromium          (Ubuntu and others)
or name one that you have: PROTVIS_CHROMIUM=/path/to/chromium make test
TXT
exit 1
