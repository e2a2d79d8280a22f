#!/bin/sh
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# A federation of real clusters on this machine with an application on it. It stays up until make clean.
set -eu
cd "$(dirname "$0")/.."
. tools/env.sh

echo "Starting the sandbox. The first time, its Kubernetes binaries are built: that takes minutes."
ansible-playbook multicluster.federation.sandbox_up -e sandbox_name=demo -e @examples/demo/sandbox.yml
inventory="${XDG_STATE_HOME:-$HOME/.local/state}/multicluster.federation/sandboxes/demo/inventory.yml"
ansible-playbook -i "$inventory" multicluster.federation.site -e @examples/demo/vars.yml

cat <<MESSAGE

The federation is up. Its inventory: $inventory
Next, from this folder:
  see what a second run does (nothing):
    tools/run.sh ansible-playbook -i $inventory multicluster.federation.site -e @examples/demo/vars.yml
  see a change before it happens: edit examples/demo/vars.yml, then the same with --check --diff
  look into a member:
    tools/run.sh ansible -i $inventory clusters -m ansible.builtin.debug -a var=cluster_kubeconfig
    kubectl --kubeconfig FILE get deployments --all-namespaces
  take it all down:
    make clean
MESSAGE
