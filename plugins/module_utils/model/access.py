# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which credential of a member is used, once it has joined, and by which names people say what it may do."""

from __future__ import annotations

from dataclasses import dataclass

#: the one that the inventory gives; a token made for this run; a kubeconfig that is kept on the controller
GIVEN, PER_RUN, FILE = "given", "per_run", "file"
MODES = (GIVEN, PER_RUN, FILE)

#: rights that the federation itself needs; those of the usual applications; everything
MINIMAL, APPLICATIONS, CLUSTER_ADMIN = "minimal", "applications", "cluster_admin"
PROFILES = (MINIMAL, APPLICATIONS, CLUSTER_ADMIN)

DAY = 86400.0
#: seconds that a token in a file is asked for, and the token of one run; a server may give less
FILE_SECONDS, RUN_SECONDS = 30 * DAY, 3600.0
#: a Kubernetes API server makes no token that lives shorter
LEAST_SECONDS = 600.0


@dataclass(frozen=True)
class Access:
    """``mode`` is one of `MODES`; ``asked`` says that somebody chose it, so that falling back to what is given would be a surprise.

    ``folder`` holds the files of the federation, ``lifetime`` is in seconds. ``check``: nothing is made or stored.
    """

    mode: str = GIVEN
    asked: bool = False
    federation: str = ""
    folder: str = ""
    lifetime: float = FILE_SECONDS
    check: bool = False


#: what the inventory gives, whatever has been joined
AS_GIVEN = Access()
