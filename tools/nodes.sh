#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Says what this machine lacks for real nodes (docs/sandbox.md) in one line, and ends with 1; with 0 and nothing when there is all.
#   tools/nodes.sh --install    installs Debian's packages when this is root on a machine with apt-get
set -eu
cd "$(dirname "$0")/.."
tools/venv.sh
. tools/env.sh

# lacking 0: what no package brings; lacking 1: packages
lacking() {
    python - "$1" <<'END'
import sys

sys.path.insert(0, ".build/link")
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import images, realnode

print(*realnode.lacking(list(images.PACKAGES))[int(sys.argv[1])])
END
}

packages=$(lacking 1)
if [ "${1:-}" = --install ] && [ -n "$packages" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    log=$(mktemp)
    # several words on purpose
    # shellcheck disable=SC2086
    if ! { apt-get update && apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1; then
        tail -5 "$log" >&2
    fi
    rm -f "$log"
    packages=$(lacking 1)
fi

needs=$(lacking 0)${packages:+ the Debian packages $packages}
if [ -n "$needs" ]; then
    echo "no real nodes here, tests that need them are skipped: they take ${needs# }" >&2
    exit 1
fi
