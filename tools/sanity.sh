#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# ansible-test sanity with every test it has and no ignore file. Arguments are handed on, e.g. --test validate-modules.
set -eu
cd "$(dirname "$0")/.."
. tools/env.sh

mirror=$(python tools/mirror.py mirror)
placed=$(python tools/get_pip_standin.py)
trap 'if [ -n "$placed" ]; then rm -f "$placed"; fi' EXIT
trap 'exit 130' INT TERM

if ls tests/sanity/ignore*.txt >/dev/null 2>&1; then
    echo "tests/sanity holds an ignore file; this collection has none" >&2
    exit 1
fi
version=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cd "$mirror/ansible_collections/multicluster/federation"
# Not exec: the trap must run.
ansible-test sanity --local --requirements --python "$version" --color no "$@"
