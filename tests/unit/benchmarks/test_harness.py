# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the benchmark says of its figures; a target that is missed must not look kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.multicluster.federation.tests.benchmarks import harness, workload
from ansible_collections.multicluster.federation.tests.benchmarks.harness import Figure, Target
from ansible_collections.multicluster.federation.tests.benchmarks.raw import path_of


@pytest.mark.parametrize(
    ("value", "target", "ok"),
    [
        (1.5, Target(1.5), True),
        (1.51, Target(1.5), False),
        (8.0, Target(8.0, least=True), True),
        (7.9, Target(8.0, least=True), False),
        (99.0, None, True),
        (None, Target(8.0, least=True), False),
    ],
)
def test_a_figure_keeps_its_target_or_does_not(value: float | None, target: Target | None, ok: bool) -> None:
    figure = Figure("a", value, "x", target)
    assert figure.ok is ok
    assert json.loads(figure.line())["ok"] is ok


def test_lines_are_json_with_the_bound_as_a_number(tmp_path: Path) -> None:
    path = tmp_path / "new" / "latest.jsonl"
    for _run in range(2):  # the second run replaces what the first wrote
        harness.store(path, [harness.median("a", [3.0, 1.0, 2.0]), Figure("b", 0.5, "x", Target(1.0))])
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"name": "a", "value": 2.0, "unit": "s", "target": None, "ok": True},
        {"name": "b", "value": 0.5, "unit": "x", "target": 1.0, "ok": True},
    ]


def test_the_table_names_what_is_missed_and_what_could_not_be_had() -> None:
    found = harness.Subject("some", "a subject", lambda _bench: [])
    figures = harness.named(
        found,
        [
            harness.ratio("slow", [4.0, 2.0, 3.0], [1.0], Target(1.0)),
            Figure("gone", None, "x", Target(8.0, least=True), note="no such tool"),
        ],
    )
    assert figures[0].name == "some/slow"
    title, slow, gone, note = harness.table(found, figures).splitlines()
    assert title == "some: a subject"
    assert slow.split() == ["slow", "3.00", "x", "<=", "1", "MISSED"]
    assert gone.split() == ["gone", "-", ">=", "8", "MISSED"]
    assert note.strip() == "no such tool"


def test_subjects_are_chosen_by_name_part_or_pattern() -> None:
    def chosen(pattern: str) -> list[str]:
        return [found.name for found in harness.subjects(pattern)]

    everything = chosen("")
    assert {"propagation", "others", "scale", "hanging"} <= set(everything)
    assert everything == sorted(everything)
    assert chosen("scale") == ["scale"]
    assert chosen("propag, sca*") == ["propagation", "scale"]
    assert chosen("nothing-like-this") == []


def test_the_workload_is_one_namespace_and_forty_objects_in_it() -> None:
    manifests = workload.manifests("shop")
    assert len(manifests) == workload.OBJECTS == 41
    assert manifests[0]["kind"] == "Namespace"
    assert all(manifest["metadata"]["namespace"] == "shop" for manifest in manifests[1:])
    assert len({path_of(manifest) for manifest in manifests}) == 41
