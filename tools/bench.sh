#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Measure this checkout on ten real API servers; tests/benchmarks/__main__.py tells which variables it heeds.
set -eu
cd "$(dirname "$0")/.."
. tools/env.sh
PYTHONPATH="$PWD/.build/link${PYTHONPATH:+:$PYTHONPATH}" \
    exec python -m ansible_collections.multicluster.federation.tests.benchmarks "$@"
