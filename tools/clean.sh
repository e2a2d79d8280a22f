#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Bring down the demo and whatever sandbox a check left behind, then remove what was built in this tree. The cache of
# Kubernetes binaries stays: it takes minutes to make and belongs to no checkout.
set -eu
cd "$(dirname "$0")/.."
sandboxes="${XDG_STATE_HOME:-$HOME/.local/state}/multicluster.federation/sandboxes"

down() { # folder of a sandbox
    [ -d "$1" ] || return 0
    echo "Bringing down the sandbox $(basename "$1")"
    # The environment may have been removed by hand while the sandbox still runs.
    tools/venv.sh
    tools/run.sh ansible-playbook multicluster.federation.sandbox_down \
        -e sandbox_name="$(basename "$1")" -e sandbox_root="$(dirname "$1")"
}

down "$sandboxes/demo"
for folder in .build/sandboxes/*; do
    down "$PWD/$folder"
done

rm -rf .build .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache extensions/.ansible tests/output
find . -path ./.git -prune -o -path ./.venv -prune -o -name __pycache__ -type d -print | while IFS= read -r folder; do
    rm -rf "$folder"
done
