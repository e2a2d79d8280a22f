# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Sourced by the other scripts here, from the root of the checkout: one environment for every check.
# shellcheck shell=sh

PATH="$PWD/.venv/bin:$PATH"
ANSIBLE_COLLECTIONS_PATH="$PWD/.build/link"
ANSIBLE_NOCOWS=1
# What takes minutes tells how far it is; in a log or a pipe, that would else come all at once in the end.
PYTHONUNBUFFERED=1
# The playbooks here run against localhost and sandboxes on purpose.
ANSIBLE_LOCALHOST_WARNING=false
ANSIBLE_INVENTORY_UNPARSED_WARNING=false
HYPOTHESIS_STORAGE_DIRECTORY="$PWD/.build/cache/hypothesis"
export PATH ANSIBLE_COLLECTIONS_PATH ANSIBLE_NOCOWS PYTHONUNBUFFERED ANSIBLE_LOCALHOST_WARNING ANSIBLE_INVENTORY_UNPARSED_WARNING
export HYPOTHESIS_STORAGE_DIRECTORY

if [ "$(uname -s)" = Darwin ]; then
    # Ansible forks; without this macOS ends a forked process that touches its system libraries.
    OBJC_DISABLE_INITIALIZE_FORK_SAFETY=YES
    export OBJC_DISABLE_INITIALIZE_FORK_SAFETY
fi

python tools/mirror.py link >/dev/null
