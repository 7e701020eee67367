#!/bin/sh
# Make sure the browser tests find a Chromium. Usage: ensure_chromium.sh VENV_PYTHON
# Where the tests look is written in one place, tests/chromium.py; this script asks it.
set -u
python=$1

found() { "$python" tests/chromium.py; }
found && exit 0

if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    sudo=none
fi

# Ubuntu's chromium package is only a door to snap, which containers lack; Playwright brings its own there.
if [ "$sudo" != none ]; then
    distribution=$(. /etc/os-release 2>/dev/null && echo "${ID:-}")
    if [ "$distribution" != ubuntu ] && command -v apt-get >/dev/null 2>&1; then
        $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium \
            libegl1 libgl1-mesa-dri  # draw the tests' 3D in less time
    else
        "$python" -m playwright install --with-deps chromium
    fi
    found && exit 0
fi

cat >&2 <<TXT
protvis: the browser tests need Chromium, and there is none. Run one of these, then make test again:
    sudo apt-get install chromium                               (Debian)
    $python -m playwright install --with-deps chromium          (Ubuntu and others)
or name one that you have: PROTVIS_CHROMIUM=/path/to/chromium make test
TXT
exit 1
