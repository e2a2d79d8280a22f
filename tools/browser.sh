#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Prints the path of a Chromium that the tests can drive; ends with 1 and says how to get one when there is none.
#   tools/browser.sh --install    installs Debian's when there is none and this is root on a machine with apt-get
# BROWSER_FOR_TESTS names another one.
set -eu

find_browser() {
    if [ -n "${BROWSER_FOR_TESTS:-}" ]; then
        command -v "$BROWSER_FOR_TESTS"
        return
    fi
    for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
        if command -v "$name"; then
            return
        fi
    done
    mac="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    [ -x "$mac" ] && printf '%s\n' "$mac"
}

if [ "${1:-}" = --install ] && ! find_browser >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    log=$(mktemp)
    if ! { apt-get update && apt-get install -y --no-install-recommends chromium; } >"$log" 2>&1; then
        tail -5 "$log" >&2
    fi
    rm -f "$log"
fi

if ! find_browser; then
    echo "no Chromium: install the package chromium (or Chrome), or name one in BROWSER_FOR_TESTS" >&2
    exit 1
fi
