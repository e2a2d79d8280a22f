#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Run one command of the development environment on this checkout, e.g.
#   tools/run.sh ansible-playbook multicluster.federation.sandbox_up -e sandbox_name=mine
set -eu
cd "$(dirname "$0")/.."
. tools/env.sh
exec "$@"
