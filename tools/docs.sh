#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# The documentation of modules and roles, the changelog fragments, and the pages of the catalog.
set -eu
cd "$(dirname "$0")/.."
. tools/env.sh

mirror=$(python tools/mirror.py mirror)
cd "$mirror/ansible_collections/multicluster/federation"
(cd "$OLDPWD" && python tools/catalog_pages.py --check)
antsibull-changelog lint
ANSIBLE_COLLECTIONS_PATH="$mirror" antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .
