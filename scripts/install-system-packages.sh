#!/bin/sh
# The one system package the tests can use: a Chromium, for the tests that open the HTML report in a browser.
# Found: nothing is done. Missing, on Debian or a relative of it, as root or with passwordless sudo: it is installed.
# Otherwise it says what is missing; those tests are then skipped and all others run. The exit status is always 0.
# HEADCOUNT_CHROMIUM names the browser to use.

find_chromium() {
    if [ -n "${HEADCOUNT_CHROMIUM:-}" ]; then
        command -v "$HEADCOUNT_CHROMIUM"
        return
    fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    return 1
}

skip() {
    echo "Browser tests are skipped: $1" >&2
    echo "To run them, install Chromium (Debian: apt-get install chromium), or name one in HEADCOUNT_CHROMIUM." >&2
    exit 0
}

if find_chromium >/dev/null; then
    exit 0
fi
if [ -n "${HEADCOUNT_CHROMIUM:-}" ]; then
    skip "HEADCOUNT_CHROMIUM names $HEADCOUNT_CHROMIUM, which is not there."
fi
if ! command -v apt-get >/dev/null; then
    skip "there is no Chromium, and no apt-get to install it."
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    skip "there is no Chromium, and no right to install it."
fi

echo "Installing Chromium with apt-get, for the tests of the HTML report …"
log=$(mktemp)
if $as_root apt-get update >"$log" 2>&1 &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium >>"$log" 2>&1 &&
    find_chromium >/dev/null; then
    rm -f "$log"
    exit 0
fi
tail -n 3 "$log" >&2
rm -f "$log"
skip "Chromium could not be installed."
