#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Build the collection's archive into .build.
set -eu
cd "$(dirname "$0")/.."
. tools/env.sh

mirror=$(python tools/mirror.py mirror)
output=$PWD/.build
cd "$mirror/ansible_collections/multicluster/federation"
ansible-galaxy collection build --force --output-path "$output"
