# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs are taken from where they are, in order; what does not fit is passed over; what is nowhere is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError, FederationError
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import binaries, golang, layout

VERSION = "1.34.4"


def program(folder: Path, name: str, version: str = VERSION) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho Kubernetes v{version}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": str(tmp_path / "path"), "HOME": str(tmp_path), **more}


def test_the_order_of_sources(tmp_path: Path) -> None:
    env = environment(tmp_path, KUBEBUILDER_ASSETS=str(tmp_path / "kubebuilder"))
    expected = {
        "etcd": program(tmp_path / "assets", "etcd", "3.6.13"),
        "kube-apiserver": program(tmp_path / "kubebuilder", "kube-apiserver"),
        "kube-scheduler": program(tmp_path / "path", "kube-scheduler"),
    }
    kwok = Path(binaries.cached("kwok", VERSION, env))
    expected["kwok"] = program(kwok.parent, "kwok", layout.KWOK_VERSION)
    for name in ("etcd", "kube-apiserver", "kube-scheduler"):
        program(Path(binaries.cached(name, VERSION, env)).parent, name)
    program(tmp_path / "path", "kube-apiserver")
    found, missing = binaries.find(layout.COMPONENTS, VERSION, str(tmp_path / "assets"), env)
    assert found.paths == expected
    assert missing == ["kube-controller-manager"]
    assert "has no kube-apiserver, kube-controller-manager, kube-scheduler, kwok" in found.notes[0]


def test_a_program_that_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "path", "kube-apiserver", "1.30.1")
    found, missing = binaries.find(["kube-apiserver"], VERSION, None, environment(tmp_path))
    assert (found.paths, missing) == ({}, ["kube-apiserver"])
    assert "1.30.1" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "version", "fine"),
    [
        ("kube-scheduler", "1.34.0", True),
        ("kube-scheduler", "1.35.0", False),
        ("etcd", "3.5.21", True),
        ("etcd", "3.4.9", False),
        ("etcd", "", False),
        ("kwok", "0.8.0", True),
        ("kwok", "0.7.0", False),
    ],
)
def test_what_fits(name: str, version: str, fine: bool) -> None:
    assert binaries.fits(name, version, VERSION) is fine


@pytest.mark.parametrize("version", ["1.34", "v1.34.4", "latest", "1.34.4/../.."])
def test_a_version_is_written_in_full(tmp_path: Path, version: str) -> None:
    with pytest.raises(ConfigError, match="not a version"):
        binaries.find([], version, None, environment(tmp_path))


def test_a_folder_of_assets_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        binaries.find([], VERSION, str(tmp_path / "none"), environment(tmp_path))


def test_without_go_and_pip_the_message_names_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang.sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(FederationError) as caught:
        binaries.provide(["etcd"], VERSION, None, lambda _line: None, environment(tmp_path))
    for way in ("install Go 1.26", "pip", "KUBEBUILDER_ASSETS"):
        assert way in str(caught.value)


def test_go_mod_gives_staged_modules_their_published_version() -> None:
    upstream = (
        "replace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n\tk8s.io/kms => ./staging/src/k8s.io/kms\n\ta => b v1\n)"
    )
    staged = binaries.staged_modules(upstream)
    assert staged == ["k8s.io/api", "k8s.io/kms"]
    text = binaries.go_mod(binaries.recipe("kube-apiserver", VERSION), staged)
    assert "require k8s.io/kubernetes v1.34.4\n" in text
    assert "replace k8s.io/api => k8s.io/api v0.34.4\n" in text


def test_clients_are_told_the_version() -> None:
    flags = binaries.linker_flags(binaries.recipe("kube-apiserver", VERSION))
    assert "k8s.io/component-base/version.gitVersion=v1.34.4" in flags
    assert "k8s.io/component-base/version.gitMinor=34" in flags
    assert "gitVersion" not in binaries.linker_flags(binaries.recipe("kwok", VERSION))


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("go version go1.26.0 linux/amd64", True),
        ("go version go1.26rc1 linux/amd64", True),
        ("go version go1.27.3 darwin/arm64", True),
        ("go version go1.25.9 linux/amd64", False),
        ("go version go2.0 linux/amd64", True),
        ("", False),
        ("gccgo", False),
    ],
)
def test_is_new_enough(text: str, fine: bool) -> None:
    assert golang.is_new_enough(text) is fine


def test_the_users_settings_of_go_count(tmp_path: Path) -> None:
    users = {
        "HOME": "/home/ada",
        "GOPROXY": "https://proxy.example",
        "GOFLAGS": "-p=1",
        "GOOS": "plan9",
        "GOPATH": "/g",
    }
    ours = golang.go_environment(str(tmp_path), users)
    assert (ours["GOPROXY"], ours["GOFLAGS"], ours["GOPATH"]) == ("https://proxy.example", "-p=1", "/g")
    assert "GOOS" not in ours
    assert "GOCACHE" not in ours
    homeless = golang.go_environment(str(tmp_path), {"PATH": "/bin"})
    assert homeless["GOCACHE"].startswith(str(tmp_path))
