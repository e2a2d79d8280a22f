#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Make the development environment .venv, anew when tests/requirements.txt changed or its Python is gone.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/requirements.installed
if [ -x .venv/bin/python ] && .venv/bin/python -c "" 2>/dev/null && cmp -s tests/requirements.txt "$stamp"; then
    exit 0
fi
python=$(tools/choose_python.sh)
echo "Making .venv with $python: about a minute." >&2
rm -rf .venv
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
cp tests/requirements.txt "$stamp"
