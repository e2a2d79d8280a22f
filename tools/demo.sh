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
folder="${XDG_STATE_HOME:-$HOME/.local/state}/multicluster.federation/sandboxes/demo"
ansible-playbook -i "$folder/inventory.yml" multicluster.federation.site -e @examples/demo/vars.yml
ansible-playbook -i "$folder/inventory.yml" multicluster.federation.kubedirector -e name=cache -e namespace=shop -e role=redis-replica -e count=2

cat <<MESSAGE

The federation is up and stays up. From here:

  inventory=$folder/inventory.yml

  a second run, which finds nothing to do:
    tools/run.sh ansible-playbook -i \$inventory multicluster.federation.site -e @examples/demo/vars.yml
  a change, seen before it is made: edit examples/demo/vars.yml, then the same with --check --diff
  a database beside it, and how all instances stand:
    tools/run.sh ansible-playbook -i \$inventory multicluster.federation.kubedirector -e app=mysql -e name=db -e members=us-1
  a look into a member with kubectl, if there is one:
    kubectl --kubeconfig $folder/kubeconfig --context us-1 get deployments --all-namespaces
  all of it down again:
    make clean
MESSAGE
