#!/usr/bin/env bash
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# A disaster-recovery drill on real control planes of this machine: three members, four kinds of applications, and the API server of one
# member killed. Leaves .drill/latest/report.html and report.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$PWD/.build/sandboxes"
sandbox=(-e "sandbox_name=drill" -e "sandbox_root=$root")
down() { tools/run.sh ansible-playbook multicluster.federation.sandbox_down "${sandbox[@]}" >/dev/null; }
trap down EXIT
tools/run.sh ansible-playbook multicluster.federation.sandbox_up "${sandbox[@]}" -e sandbox_show=false
inventory="$root/drill/inventory.yml"
tools/run.sh ansible-playbook -i "$inventory" multicluster.federation.site -e @examples/drill/applications.yml
tools/run.sh ansible-playbook -i "$inventory" multicluster.federation.drill -e @examples/drill/scenario.yml \
  -e "{\"disaster_recovery_sandbox\": {\"name\": \"drill\", \"root\": \"$root\"}, \"disaster_recovery_dir\": \"$PWD/.drill\"}" \
  -e "disaster_recovery_fence_tasks=$PWD/examples/drill/fence.yml"
echo "The report: .drill/latest/report.html"
