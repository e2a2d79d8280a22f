# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results of `cluster_info` and `federated_resource_info` for a made-up fleet, as the two modules document them."""

from __future__ import annotations

from typing import Any

NASTY = '<script>document.title="x"</script>"\'&'
DAY = 86400


def cluster(name: str, **changed: Any) -> dict[str, Any]:
    """One member of `cluster_info`: ready, with some room."""
    return {
        "status": "ready",
        "writes": "unproven",
        "msg": "",
        "hint": "",
        "joined": True,
        "federation": "acme",
        "uid": f"uid-{name}",
        "version": "v1.34.4",
        "region": name.split("-", maxsplit=1)[0],
        "zones": ["a", "b"],
        "provider": "aws",
        "labels": {"tier": "prod"},
        "taints": [],
        "cordoned": False,
        "nodes": {"total": 3, "ready": 3, "schedulable": 3},
        "capacity": {
            "cpu": {"allocatable": 12000, "requested": 3500, "free": 8500},
            "memory": {"allocatable": 48 << 30, "requested": 45 << 30, "free": 3 << 30},
            "pods": {"allocatable": 330, "requested": 14, "free": 316},
        },
        "resources": {},
        "credential": {"kind": "token", "user": "sa", "expires": "2026-12-24T08:00:00Z", "seconds_left": 31 * DAY},
        "clock_skew": 0,
        "checks": [],
        "notes": [],
        "seconds": 0.05,
        **changed,
    }


def unreachable(name: str) -> dict[str, Any]:
    """A member of `cluster_info` that does not answer."""
    return cluster(
        name,
        status="unreachable",
        writes="unproven",
        msg="10.0.0.3:6443 refuses connections",
        hint="is its API server running?",
        version="",
        nodes={},
        capacity={},
        credential={"kind": "token", "user": "sa", "expires": None, "seconds_left": None},
        clock_skew=None,
    )


def cluster_info(members: dict[str, dict[str, Any]]) -> dict[str, Any]:
    ready = sum(data["status"] == "ready" for data in members.values())
    return {"members": members, "summary": {"members": len(members), "ready": ready}, "msg": "", "warnings": []}


def on_member(ready: int = 2, desired: int = 2, **changed: Any) -> dict[str, Any]:
    """One resource on one member."""
    healthy = ready >= desired
    return {
        "desired": desired,
        "ready": ready,
        "healthy": healthy,
        "workloads": [],
        "kinds": {"ConfigMap": {"total": 1, "healthy": 1}, "Deployment": {"total": 1, "healthy": int(healthy)}},
        "drift": 0,
        "orphans": 0,
        "epoch": 3,
        "template": "1:abc",
        **changed,
    }


def resource(members: dict[str, dict[str, Any]], **changed: Any) -> dict[str, Any]:
    """One resource that is placed on these members."""
    return {
        "desired": sum(entry["desired"] for entry in members.values()),
        "ready": sum(entry["ready"] for entry in members.values()),
        "healthy": all(entry["healthy"] for entry in members.values()),
        "members": members,
        "kinds": {
            kind: {key: sum(entry["kinds"][kind][key] for entry in members.values()) for key in ("total", "healthy")}
            for kind in ("ConfigMap", "Deployment")
        },
        "drift": [],
        "drift_msg": "",
        "orphans": [],
        "behind": [],
        "plan": {
            "epoch": 3,
            "template": "1:abc",
            "placement": dict.fromkeys(members),
            "at": "2026-11-23T10:00:00Z",
        },
        "addresses": [],
        **changed,
    }


def resource_info(
    resources: dict[str, dict[str, Any]], members: list[str], failed: tuple[str, ...] = (), **changed: Any
) -> dict[str, Any]:
    states = {
        name: {
            "status": "failed" if name in failed else "ok",
            "reason": "unreachable" if name in failed else "",
            "msg": "it is away" if name in failed else "",
            "resources": sorted(resources),
        }
        for name in members
    }
    return {
        "members": states,
        "resources": resources,
        "orphans": [],
        "federation": {"name": "acme", "uid": "f-1", "epoch": 7},
        "msg": f"{len(members)} members",
        **changed,
    }


def large_fleet(number: int = 14) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both results for many members with long names, a bit of everything wrong, and hostile text wherever a cluster can put some."""
    names = [f"production-{region}-{n}" for n in range(number) for region in ("frankfurt", "us-east")][:number]
    clusters = {name: cluster(name) for name in names}
    clusters[names[0]] = cluster(
        names[0],
        labels={"note": NASTY, "team": "x" * 60},
        taints=["maintenance=true:NoSchedule"],
        cordoned=True,
        clock_skew=-42,
        notes=["its clock is 42 s behind ours", NASTY],
        credential={"kind": "token", "user": "sa", "expires": "2026-11-25T08:00:00Z", "seconds_left": 2 * DAY},
    )
    clusters[names[1]] = unreachable(names[1])
    clusters[names[2]] = cluster(names[2], status="degraded", writes="failed", msg=f"its etcd is full {NASTY}")
    clusters[names[3]] = cluster(
        names[3], credential={"kind": "certificate", "user": "", "expires": "2026-11-20T08:00:00Z", "seconds_left": -9}
    )
    held = {}
    for title in ("shop", "metrics", "a-resource-with-a-very-long-name-that-goes-on-and-on"):
        members = {name: on_member() for name in names if name != names[1]}
        held[title] = resource(members)
        held[title]["plan"]["placement"][names[1]] = 2
    held["shop"]["members"][names[4]] = on_member(0, 2, drift=2, orphans=1)
    held["shop"].update(
        healthy=False,
        drift=[{"member": names[4], "object": f"ConfigMap shop/{NASTY}", "msg": "changed: " + ".spec.x" * 40}],
        behind=[
            {"member": names[1], "reasons": ["unread"], "msg": "it is away"},
            {"member": names[4], "reasons": ["outdated"], "msg": f"it holds an older template {NASTY}"},
        ],
        orphans=[{"member": names[4], "resource": "shop", "object": "Secret shop/old", "msg": "not placed any more"}],
        addresses=[{"member": names[0], "service": "Service shop/web", "address": "2001:db8::" + "1234:" * 5}],
    )
    held["metrics"].update(drift=None, drift_msg="unknown (keep_template is off)")
    loose = [{"member": names[5], "resource": "gone", "object": "ConfigMap gone/x", "msg": "nobody records it"}]
    return cluster_info(clusters), resource_info(held, names, (names[1],), orphans=loose, warnings=[NASTY])
