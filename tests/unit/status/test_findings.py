# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was read of the members to drift, orphans, and who is behind: over plans of the real planner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.keepsake import Keepsake, keepsake_of
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import (
    SECRET,
    GroupKind,
    Manifest,
    ObjectName,
    kind_of,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import (
    FleetRecord,
    MemberEntry,
    ResourceRecord,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import parse_resource
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.health import Health, single
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.observe import Observation
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.plan import (
    marked_copy,
    plan_member,
    prepare,
)
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.store import Memory, Stored
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.ownership import normalise
from ansible_collections.multicluster.federation.plugins.module_utils.status.drift import (
    Compared,
    compared,
    peers,
    unmarked,
)
from ansible_collections.multicluster.federation.plugins.module_utils.status.findings import (
    NOBODY,
    OFF,
    UNREADABLE,
    Findings,
    find,
)
from ansible_collections.multicluster.federation.plugins.module_utils.status.memory import Recorded, gather
from ansible_collections.multicluster.federation.plugins.module_utils.status.orphans import find_orphans
from ansible_collections.multicluster.federation.plugins.module_utils.status.reading import Reading, Wish
from ansible_collections.multicluster.federation.plugins.module_utils.status.result import build
from ansible_collections.multicluster.federation.plugins.module_utils.status.templates import (
    asked_of,
    prepared,
    versions_in_use,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import (
    CONFIG_MAP,
    DEPLOYMENT,
    FEDERATION,
    MANAGER,
    applied_by_us,
    config_map,
    deployment,
    member,
    usual_discovery,
)

MANIFESTS = [config_map("settings", color="blue", size="1"), deployment("web")]
HASH = "1:new"


def name_in(manifest: Manifest) -> ObjectName:
    return ObjectName(kind_of(manifest), "default", manifest["metadata"]["name"])


def applied(*manifests: Manifest, resource: str = "shop", **more: Any) -> dict[ObjectName, dict[str, Any]]:
    """The metadata of these manifests right after our apply."""
    found = {}
    for manifest in manifests:
        name = name_in(manifest)
        found[name] = applied_by_us(marked_copy(normalise(manifest), name, FEDERATION, resource), **more)
    return found


def record(epoch: int = 1, placement: Mapping[str, int | None] | None = None, **more: Any) -> ResourceRecord:
    placed = {"ams": None, "bom": None} if placement is None else placement
    kinds = frozenset((CONFIG_MAP, DEPLOYMENT))
    values = {"template": HASH, "kept": True, "namespaces": frozenset(["default"]), **more}
    return ResourceRecord("shop", kinds, placement=placed, epoch=epoch, **values)


def stored(found: ResourceRecord, time: str = "2026-01-01T00:00:00Z") -> Stored:
    return Stored(found, {"managedFields": [{"time": time}], "creationTimestamp": "2025-01-01T00:00:00Z"})


def memory(found: ResourceRecord | None = None, time: str = "2026-01-01T00:00:00Z") -> Memory:
    return Memory("x", None, {}, {"shop": stored(found, time)} if found is not None else {})


def reading(
    name: str,
    objects: Mapping[ObjectName, Mapping[str, Any]],
    found: ResourceRecord | None = None,
    standing: Mapping[ObjectName, Health] | None = None,
) -> Reading:
    seen = Observation(None, usual_discovery(), memory(found), objects, frozenset((CONFIG_MAP, DEPLOYMENT, SECRET)))  # type: ignore[arg-type]
    groups: dict[str, dict[ObjectName, Mapping[str, Any]]] = {}
    for key, metadata in objects.items():
        groups.setdefault(metadata["labels"]["multicluster.federation/resource"], {})[key] = metadata
    return Reading(name, seen=seen, groups=groups, standing=dict(standing or {}))


def compare(
    objects: Mapping[ObjectName, Mapping[str, Any]], manifests: list[Manifest] | None = None, **more: Any
) -> Compared:
    template = prepare(parse_resource({"name": "shop", "keep_template": True}, manifests or MANIFESTS))
    seen = reading("ams", objects).seen
    assert seen is not None
    plan = plan_member(template, member("ams"), True, seen, FEDERATION, {"ams": None}, 1)
    return compared(plan, objects, more.pop("unread", ()), FEDERATION, **more)


def recorded(**members: ResourceRecord) -> Recorded:
    return gather({name: memory(found) for name, found in members.items()}, None, None)["shop"]


# drift


def test_nothing_drifted() -> None:
    assert compare(applied(*MANIFESTS)) == Compared()


def test_a_field_that_somebody_else_holds() -> None:
    objects = applied(*MANIFESTS)
    mine = objects[name_in(MANIFESTS[0])]["managedFields"][0]["fieldsV1"]
    theirs = {"f:data": {"f:color": mine["f:data"].pop("f:color")}}
    objects[name_in(MANIFESTS[0])]["managedFields"].append(
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": theirs}
    )
    assert compare(objects).drift == ((name_in(MANIFESTS[0]), "changed: .data.color (by kubectl-edit)"),)


def test_missing_going_and_extra_objects() -> None:
    old = config_map("old", a="b")
    objects = applied(MANIFESTS[0], old)
    objects[name_in(MANIFESTS[0])].update(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a/b"])
    found = compare(objects)
    assert found.missing == (name_in(MANIFESTS[0]), name_in(MANIFESTS[1]))
    assert [msg for _name, msg in found.drift] == [
        "is being deleted since 2026-01-01T00:00:00Z, held by the finalizer a/b",
        "missing: deleted, or without our labels",
    ]
    assert found.extra == (name_in(old),)


def test_what_could_not_be_read_is_not_missing() -> None:
    assert compare({}, unread=[DEPLOYMENT, CONFIG_MAP]) == Compared()


def test_a_kind_that_is_not_served_blocks() -> None:
    till = {"apiVersion": "shop.example.com/v1", "kind": "Till", "metadata": {"name": "one"}}
    found = compare(applied(*MANIFESTS), [*MANIFESTS, till])
    assert [str(name) for name, _msg in found.blocked] == ["Till one"]
    assert "does not know the kind Till" in found.blocked[0][1]


def test_another_wanted_state_is_told_unless_an_override_was_withheld() -> None:
    objects = applied(config_map("settings", color="red", size="1"), MANIFESTS[1])
    assert compare(objects).drift == ((name_in(MANIFESTS[0]), "the wanted state changed"),)
    assert compare(objects, partial=True).drift == ()


def test_secrets_are_compared_without_their_values() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"a": "eA==", "b": "eQ=="}}
    template = {key: value for key, value in secret.items() if key != "data"}
    objects = applied(secret)
    assert compare(objects, [template]) == Compared()
    objects[name_in(secret)]["managedFields"] = []
    assert compare(objects, [template]).drift == ((name_in(secret), "our fields are not marked as ours any more"),)
    assert unmarked(objects, FEDERATION, "shop") == [(name_in(secret), "our fields are not marked as ours any more")]


def test_members_with_one_hash_hold_the_same_fields() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"a": "eA==", "b": "eQ=="}}
    good, bad = applied(secret, MANIFESTS[0]), applied(secret, MANIFESTS[0])
    for key in (secret, MANIFESTS[0]):
        del bad[name_in(key)]["managedFields"][0]["fieldsV1"]["f:data"]
    versions = {"ams": "v1.34.4", "bom": "v1.34.1", "cdg": "v1.33.0"}

    def changed(members: dict[str, Any], only_secrets: bool) -> dict[str, list[str]]:
        found = peers(members, versions, FEDERATION, "shop", only_secrets)
        return {name: [str(key) for key, _msg in entries] for name, entries in found.items()}

    assert changed({"ams": good, "bom": bad}, True) == {"bom": ["Secret default/keys"]}
    assert changed({"ams": good, "bom": bad}, False) == {"bom": ["ConfigMap default/settings", "Secret default/keys"]}
    assert changed({"ams": good, "bom": good}, False) == {}
    assert changed({"ams": good, "cdg": bad}, False) == {}  # another minor version may not know a field
    other = applied({**secret, "data": {"c": "eA=="}})
    assert changed({"ams": good, "bom": other}, True) == {}  # another wish


# what the records say


def test_the_newest_record_is_the_plan() -> None:
    fleet = FleetRecord(FEDERATION, "u", 1, {"bombay": MemberEntry("2", formerly=("bom",))})
    memories = {"ams": memory(record(3), "2026-02-01T00:00:00Z"), "bombay": memory(record(2)), "cdg": memory()}
    found = gather(memories, fleet, None)["shop"]
    assert (found.newest.epoch, found.at) == (3, "2026-02-01T00:00:00Z")
    assert found.placement == {"ams": None, "bombay": None}
    assert found.is_behind("ams") == ""
    assert found.is_behind("bombay") == ""  # the epoch only orders records: they say the same
    assert found.is_behind("cdg") == "it has no record of the resource"
    assert gather(memories, fleet, ["other"]) == {}


def test_older_records() -> None:
    found = recorded(ams=record(3), bom=record(2, template="1:old"), cdg=record(1, {"cdg": 2}))
    assert found.is_behind("bom") == "it holds an older template (epoch 2, the newest is 3)"
    assert found.is_behind("cdg") == "its record has an older placement (epoch 1, the newest is 3)"


def test_each_template_is_read_from_one_member_and_then_from_another() -> None:
    found = {"shop": recorded(ams=record(3), bom=record(3), cdg=record(2, template="1:old"))}
    versions = versions_in_use(found)
    assert versions == {("shop", HASH): ["ams", "bom"], ("shop", "1:old"): ["cdg"]}
    asked = [asked_of(versions, attempt) for attempt in range(3)]
    assert sorted(name for first in asked[:2] for name, what in first.items() if ("shop", HASH) in what) == [
        "ams",
        "bom",
    ]
    assert asked[2] == {}
    assert versions_in_use({"shop": recorded(ams=record(1, kept=False))}) == {}


def test_a_kept_template_is_used_only_if_it_is_the_right_one() -> None:
    resource = parse_resource({"name": "shop", "keep_template": True}, MANIFESTS)
    kept = keepsake_of(resource, HASH)
    found = prepared(("shop", HASH), lambda _name: (None, kept))
    assert found is not None
    assert found.template.resource.manifests == tuple(MANIFESTS)
    assert not found.partial
    assert prepared(("shop", "1:other"), lambda _name: (kept, None)) is None
    broken = Keepsake(HASH, {"name": "Not A Name"}, kept.manifests)
    assert prepared(("shop", HASH), lambda _name: (broken, None)) is None

    def fails(_name: str) -> tuple[Keepsake | None, Keepsake | None]:
        raise MemberError(Kind.FAILED, "damaged")

    assert prepared(("shop", HASH), fails) is None
    partial = prepared(
        ("shop", HASH), lambda _name: (Keepsake(HASH, kept.asked, kept.manifests, ("overrides[0]",)), None)
    )
    assert partial is not None
    assert partial.partial


# orphans


def orphans(objects: Mapping[ObjectName, Mapping[str, Any]], **more: Any) -> list[str]:
    known: dict[str, Any] = {"recorded": {}, "extra": {}, "silent": ()}
    found = find_orphans({"ams": objects}, federation=FEDERATION, **{**known, **more})
    return [f"{o.member} {o.object}: {o.msg}" for o in found]


def test_orphans_are_ours_and_nobody_accounts_for_them() -> None:
    objects = applied(MANIFESTS[0])
    assert orphans(objects) == ["ams ConfigMap default/settings: no member records the resource shop"]
    assert "(not read: bom)" in orphans(objects, silent=["bom"])[0]
    assert orphans(objects, recorded={"shop": recorded(ams=record())}) == []
    elsewhere = {"shop": recorded(bom=record(placement={"bom": None}))}
    assert "is not placed on this member any more" in orphans(objects, recorded=elsewhere)[0]
    extra = {("shop", "ams"): [name_in(MANIFESTS[0])]}
    assert "no more in its template" in orphans(objects, recorded={"shop": recorded(ams=record())}, extra=extra)[0]


def test_what_is_not_provably_ours_is_no_orphan() -> None:
    copied = applied(MANIFESTS[0])
    copied[name_in(MANIFESTS[0])]["managedFields"][0]["manager"] = "kubectl"
    renamed = {ObjectName(CONFIG_MAP, "default", "copy"): applied(MANIFESTS[0])[name_in(MANIFESTS[0])]}
    going = applied(MANIFESTS[0], deletionTimestamp="2026-01-01T00:00:00Z")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    kept = {ObjectName(GroupKind("", "Namespace"), "", "shop"): applied(namespace)[name_in(namespace)]}
    for objects in (copied, renamed, going, kept):
        assert orphans(objects) == []
    assert MANAGER in str(applied(MANIFESTS[0]))  # the cases differ from ours by what they say


# together


def found(readings: list[Reading], what: Recorded, comparisons: Mapping[str, Compared] | None = None) -> Findings:
    by_name = {one.name: one for one in readings}
    return find(what, by_name, comparisons or {}, [], by_name, FEDERATION)


def test_why_drift_is_unknown() -> None:
    ams = reading("ams", applied(*MANIFESTS), record(kept=False))
    off = found([ams], recorded(ams=record(kept=False)))
    assert (off.drift, off.unknown) == (None, OFF)
    kept = recorded(ams=record(), bom=record())
    assert found([reading("ams", {}, record())], kept).unknown == UNREADABLE
    away = Reading("ams", MemberError(Kind.UNREACHABLE, "no route"))
    assert found([away], kept).unknown == NOBODY
    known = found([ams], kept, {"ams": Compared()})
    assert (known.drift, known.unknown) == ((), "")


def test_who_is_behind_and_why() -> None:
    name = name_in(MANIFESTS[1])
    ill = reading("ams", applied(*MANIFESTS), record(2), {name: Health(3, 1, "1 of 3 pods are ready")})
    ill.unread[CONFIG_MAP] = MemberError(Kind.FORBIDDEN, "may not list them")
    away = Reading("bom", MemberError(Kind.UNREACHABLE, "no route", "look at it"))
    late = reading("cdg", {}, record(1, template="1:old"))
    empty = reading("dub", {})
    strange = reading("eze", {}, record(1))
    placement = dict.fromkeys(("ams", "bom", "cdg", "dub", "fra"))
    what = recorded(ams=record(2, placement), cdg=record(1, placement, template="1:old"), eze=record(1))
    by_name = {one.name: one for one in (ill, away, late, empty, strange)}
    missing = Compared(missing=(name,), drift=((name, "missing"),))
    done = find(what, by_name, {"cdg": Compared(), "dub": missing}, [], {**by_name, "ber": None}, FEDERATION)
    assert {member: lag.reasons for member, lag in done.behind.items()} == {
        "ams": ("unhealthy", "unread"),
        "bom": ("unread",),
        "cdg": ("outdated",),
        "dub": ("outdated", "missing"),
        "eze": ("outdated",),
        "fra": ("not_in_inventory",),
    }
    assert done.behind["ams"].msg == (
        "1 object is not healthy: Deployment default/web (1 of 3 pods are ready); ConfigMap cannot be read: may not list them"
    )
    assert done.behind["dub"].msg == "it has no record of the resource; 1 object is missing: Deployment default/web"
    assert not done.complete


def test_members_out_of_play_are_not_behind() -> None:
    what = recorded(ams=record())
    by_name = {"ams": reading("ams", applied(*MANIFESTS), record())}
    done = find(what, by_name, {"ams": Compared()}, [], {"ams": None, "bom": None}, FEDERATION)
    assert dict(done.behind) == {}
    assert done.complete


def test_changes_that_show_without_a_template_put_a_member_behind() -> None:
    objects = applied(MANIFESTS[0])
    objects[name_in(MANIFESTS[0])]["managedFields"] = []
    plain = record(kept=False, placement={"ams": None})
    done = found([reading("ams", objects, plain)], recorded(ams=plain))
    assert done.drift is None
    assert done.behind["ams"].reasons == ("drifted",)
    assert "ConfigMap default/settings: our fields are not marked" in done.behind["ams"].msg


def test_the_result_counts_and_says_it() -> None:
    web, settings = name_in(MANIFESTS[1]), name_in(MANIFESTS[0])
    ams = reading("ams", applied(*MANIFESTS), record(), {web: Health(3, 3)})
    bom = reading("bom", applied(*MANIFESTS), record(), {web: Health(3, 1, "1 of 3"), settings: single("odd")})
    bom.addresses[web] = ["192.0.2.1"]
    done = found(
        [ams, bom], recorded(ams=record(), bom=record()), {"ams": Compared(((settings, "changed"),)), "bom": Compared()}
    )
    loose = find_orphans({"ams": applied(config_map("lone"), resource="gone")}, {}, {}, FEDERATION, ())
    clusters = {name: member(name, region="eu") for name in ("ams", "bom")}
    result = build(clusters, {"ams": ams, "bom": bom}, {"shop": done}, loose, ["careful"], FEDERATION, None)
    shop = result["resources"]["shop"]
    assert (shop["desired"], shop["ready"], shop["healthy"]) == (6, 4, False)
    assert shop["kinds"] == {"ConfigMap": {"total": 2, "healthy": 1}, "Deployment": {"total": 2, "healthy": 1}}
    assert shop["members"]["bom"]["kinds"]["ConfigMap"] == {"total": 1, "healthy": 0}
    assert shop["members"]["ams"]["drift"] == 1
    assert shop["drift"] == [{"member": "ams", "object": "ConfigMap default/settings", "msg": "changed"}]
    assert shop["addresses"] == [{"member": "bom", "service": "Deployment default/web", "address": "192.0.2.1"}]
    assert shop["plan"] == {
        "epoch": 1,
        "template": HASH,
        "placement": {"ams": None, "bom": None},
        "divided": {},
        "at": "2026-01-01T00:00:00Z",
    }
    assert result["orphans"][0]["resource"] == "gone"
    assert result["members"]["ams"] == {
        "status": "ok",
        "reason": "",
        "msg": "",
        "resources": ["shop"],
        "desired": 3,
        "ready": 3,
        "objects": 2,
        "drift": 1,
        "orphans": 1,
    }
    assert result["msg"] == "2 members, 0 of 1 resources healthy; 1 drifted; 1 orphan"
    assert result["warnings"] == ["careful"]
    assert result["federation"] == {"name": FEDERATION, "uid": "", "epoch": 0}


def test_a_resource_that_nobody_knows_is_not_healthy() -> None:
    result = build({}, {}, {"typo": Findings()}, [], [], FEDERATION, None)
    assert result["resources"]["typo"]["healthy"] is False
    assert result["resources"]["typo"]["plan"]["epoch"] == 0


def test_what_is_asked_for_says_the_selector() -> None:
    chosen = Wish(FEDERATION, frozenset(["shop"]), frozenset(), frozenset()).selector
    assert "multicluster.federation/resource in (shop)" in chosen
    every = Wish(FEDERATION, None, frozenset(), frozenset()).selector
    assert "notin (federation.membership,federation.namespaces)" in every
    assert "!multicluster.federation/record" in every
