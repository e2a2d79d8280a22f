# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a member to its API."""

from __future__ import annotations

import os

from ..model.access import GIVEN
from ..model.cluster import Cluster
from .api import MemberApi
from .deadline import Deadline
from .kubeconfig import resolve
from .transport import Transport


def connect(cluster: Cluster, request_timeout: float, deadline: Deadline, as_given: bool = False) -> MemberApi:
    """The API of a member. MemberError when its connection options cannot be right, or its own credential cannot be had.

    With the credential that the inventory gives (always with ``as_given``, for what only administrators do), nothing is sent yet.
    """
    if cluster.access.mode != GIVEN and not as_given:
        from .own import connect_as_own

        return connect_as_own(cluster, request_timeout, deadline)
    endpoint = resolve(cluster.name, cluster.connection, os.environ)
    return MemberApi(cluster.name, Transport(endpoint, request_timeout), deadline)
