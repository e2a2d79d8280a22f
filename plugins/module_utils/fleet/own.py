# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The credential that the federation itself has on a member: a token made for one run, or one in a file that renews itself."""

from __future__ import annotations

import os
import time

from ..model.access import FILE, RUN_SECONDS
from ..model.cluster import Cluster
from ..model.errors import Kind, MemberError
from . import files
from .api import MemberApi
from .deadline import Deadline
from .kubeconfig import Endpoint, resolve
from .tokens import life_of, request_token, rfc3339
from .transport import Transport


def connect_as_own(cluster: Cluster, request_timeout: float, deadline: Deadline) -> MemberApi:
    """The API of a member over the federation's own credential. MemberError when that cannot be had."""
    return _Door(cluster, request_timeout, deadline).open()


def keep_credential(cluster: Cluster, api: MemberApi) -> str:
    """Make a new credential over ``api`` and keep it in the member's file; returns its path."""
    token = request_token(api, cluster.access.federation, cluster.access.lifetime)
    return files.write(cluster.access, cluster.name, api.transport.endpoint, token)


def with_token(endpoint: Endpoint, token: str) -> Endpoint:
    """The same API server with another identity, which impersonates nobody."""
    return Endpoint(
        endpoint.server, endpoint.ca, endpoint.verify, endpoint.tls_server_name, endpoint.proxy, token=token
    )


class _Door:
    def __init__(self, cluster: Cluster, request_timeout: float, deadline: Deadline) -> None:
        self.cluster = cluster
        self.access = cluster.access
        self.request_timeout = request_timeout
        self.deadline = deadline

    def open(self) -> MemberApi:
        return self._from_file() if self.access.mode == FILE else self._for_this_run()

    def _api(self, endpoint: Endpoint) -> MemberApi:
        return MemberApi(self.cluster.name, Transport(endpoint, self.request_timeout), self.deadline)

    def _given(self) -> Endpoint:
        return resolve(self.cluster.name, self.cluster.connection, os.environ)

    def _for_this_run(self) -> MemberApi:
        """With a token that is made now and stored nowhere."""
        given = self._api(self._given())
        try:
            token = request_token(given, self.access.federation, RUN_SECONDS)
        except MemberError as error:
            # not joined, which shows in a moment; or nobody asked for this way, and what is given is not an administrator's
            if error.kind == Kind.NOT_FOUND or (error.kind == Kind.FORBIDDEN and not self.access.asked):
                return given
            raise
        given.transport.close()
        return self._api(with_token(given.transport.endpoint, token))

    def _from_file(self) -> MemberApi:
        """With the token in the member's file, which is renewed in the last third of its life. What is given is used to make the
        first one, and when the last one has ended."""
        stored = files.read(self.access, self.cluster.name)
        life = life_of(stored.token) if stored is not None else None
        if stored is None or (life is not None and life.left(time.time()) <= 0):
            return self._first(life.expires if life is not None else None)
        api = self._api(with_token(self._address() or stored, stored.token))
        if life is None or not life.in_last_third(time.time()) or self.access.check:
            return api
        try:
            keep_credential(self.cluster, api)
        except MemberError:
            return api  # it is good still; how long is told by cluster_info
        renewed = files.read(self.access, self.cluster.name) or stored
        return self._api(with_token(api.transport.endpoint, renewed.token))

    def _address(self) -> Endpoint | None:
        """Where the inventory says that the member is, if it says so on this controller."""
        try:
            return self._given() if self.cluster.connection else None
        except MemberError:
            return None

    def _first(self, expired: float | None) -> MemberApi:
        why = "there is no credential file of this member yet"
        if expired is not None:
            why = f"the credential in {files.path_of(self.access, self.cluster.name)} ended on {rfc3339(expired)}"
        hint = "run rotate_credentials with the kubeconfig of an administrator"
        try:
            given = self._api(self._given())
        except MemberError as error:
            raise MemberError(error.kind, f"{why}, and none can be made: {error.message}", hint) from None
        if self.access.check:
            return given
        try:
            keep_credential(self.cluster, given)
        except MemberError as error:
            if error.kind == Kind.NOT_FOUND:
                return given  # not joined, which shows in a moment
            if error.kind in (Kind.CREDENTIALS, Kind.FORBIDDEN, Kind.UNAUTHORIZED):
                raise MemberError(error.kind, f"{why}, and none can be made: {error.message}", hint) from None
            raise
        stored = files.read(self.access, self.cluster.name)
        given.transport.close()
        return given if stored is None else self._api(with_token(given.transport.endpoint, stored.token))
