#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Print the path of a Python that can hold the development environment.
#
# A candidate is run, not only found: version managers leave commands on the PATH that fail when they are called.
set -u

probe='
import sys
import ensurepip, venv  # noqa: some systems package these apart
ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
print(sys.executable if ok else "")
'
for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
    found=$("$candidate" -c "$probe" 2>/dev/null) || continue
    if [ -n "$found" ]; then
        printf '%s\n' "$found"
        exit 0
    fi
done

cat >&2 <<'MESSAGE'
No usable Python found. The development environment needs Python 3.11, 3.12 or 3.13 with the venv module
(on Debian and Ubuntu: the package python3-venv). Tried $PYTHON, python3.13, python3.12, python3.11 and python3.
Name one yourself:  make venv PYTHON=/path/to/python3.12
MESSAGE
exit 1
