#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# The roles, on a sandbox of their own that is gone afterwards. Arguments are handed to molecule; without any, the
# whole sequence runs:  tools/molecule.sh [converge|verify|destroy|...]
set -eu
cd "$(dirname "$0")/.."
. tools/env.sh

# One name and folder per checkout: a second checkout on this machine, or a sandbox of the user, is never touched.
name=molecule-$(printf '%s' "$PWD" | cksum | cut -d' ' -f1)
SANDBOX_NAME=$name
SANDBOX_ROOT=$PWD/.build/sandboxes
MOLECULE_EPHEMERAL_DIRECTORY=$PWD/.build/molecule
export SANDBOX_NAME SANDBOX_ROOT MOLECULE_EPHEMERAL_DIRECTORY
cd extensions
if [ $# -eq 0 ]; then
    set -- test
fi
molecule "$@"
