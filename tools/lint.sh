#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Style of Python, YAML and playbooks. Goes on after a finding, so that one run shows them all.
set -u
cd "$(dirname "$0")/.." || exit 1
. tools/env.sh

status=0
ruff check --output-format concise . || status=1
ruff format --check --output-format concise . || status=1
yamllint --strict . || status=1
ansible-lint --offline --profile production --strict || status=1
exit $status
