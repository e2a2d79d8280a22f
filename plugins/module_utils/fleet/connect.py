# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A member of the fleet -> a connection to its API."""

from __future__ import annotations

import os

from ..model.cluster import Cluster
from .api import MemberApi
from .deadline import Deadline
from .kubeconfig import resolve
from .transport import Transport


def connect(cluster: Cluster, request_timeout: float, deadline: Deadline) -> MemberApi:
    """The API of a member; nothing is sent yet. MemberError when its connection options cannot be right."""
    endpoint = resolve(cluster.name, cluster.connection, os.environ)
    return MemberApi(cluster.name, Transport(endpoint, request_timeout), deadline)
