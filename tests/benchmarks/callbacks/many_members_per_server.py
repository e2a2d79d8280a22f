# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets one API server stand for many members of a fleet, for the benchmark of 500 members.

On every member the fleet record carries the name under which that member joined, and a run refuses a member that answers with
another one. A server can hold one such name only. So the answers of the servers get the name of the member that was asked, the way
a gateway before each server would do it, but without taking the cores from what is measured. Nothing else is changed: every member
has its own connection, is asked every question, and its answers are read in full.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: many_members_per_server
type: aggregate
short_description: Lets one API server stand for many members of a fleet
description:
  - Used by the benchmark of 500 members only.
"""


class CallbackModule(CallbackBase):
    """Loaded in the process from which the one that runs the action is forked."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "many_members_per_server"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: Any) -> None:
        from ansible_collections.multicluster.federation.plugins.module_utils.fleet.api import MemberApi
        from ansible_collections.multicluster.federation.plugins.module_utils.model.names import LABEL_MEMBER

        ask = MemberApi.call

        def call(api: MemberApi, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
            response = ask(api, method, path, *args, **kwargs)
            if path.endswith("/configmaps") and isinstance(response.body, dict):
                for item in response.body.get("items") or ():
                    labels = item["metadata"].get("labels") or {}
                    if LABEL_MEMBER in labels:
                        labels[LABEL_MEMBER] = api.name
            return response

        MemberApi.call = call  # type: ignore[method-assign]
