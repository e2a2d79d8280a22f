# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images without a registry: archives that a runtime takes, kept by what they are made from."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import images


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def archive(folder: Path) -> Path:
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "app").write_text("app")
    target = folder / "app.tar"
    images._archive("sandbox.local/app:1", str(root), str(target), {"Env": ["A=b"]})
    return target


def test_an_archive_is_what_docker_save_would_write(tmp_path: Path) -> None:
    with tarfile.open(archive(tmp_path)) as file:
        held = {member.name: file.extractfile(member) for member in file.getmembers()}
        content = {name: handle.read() for name, handle in held.items() if handle}
    (manifest,) = json.loads(content["manifest.json"])
    assert manifest["RepoTags"] == ["sandbox.local/app:1"]
    config = content[manifest["Config"]]
    assert manifest["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    (layer,) = [content[name] for name in manifest["Layers"]]
    body = json.loads(config)
    assert body["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert (body["os"], body["config"]) == ("linux", {"Env": ["A=b"]})
    with tarfile.open(fileobj=io.BytesIO(layer)) as file:
        assert "./bin/app" in file.getnames()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("app")) == ["app.tar"]


def test_an_archive_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    path = archive(tmp_path)
    images.check([str(path)])
    (image,) = images.provide([str(path)], print)
    assert image.data() == {"name": "sandbox.local/app:1", "archive": str(path)}


@pytest.mark.parametrize("content", [b"", b"no tar", None])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "some.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="is no archive of an image"):
        images.check([str(path)])


def test_an_unknown_image_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"there is no image 'oracle'.*redis"):
        images.check(["oracle"])


def test_an_image_can_be_made_with_debootstrap_or_was_made(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(ConfigError, match="apt-get install debootstrap"):
        images.check(["redis"])
    made = Path(images._of_packages("redis").archive)
    made.touch()
    images.check(["redis"])
    assert images.provide(["redis"], print)[0].data() == {"name": "sandbox.local/redis:debian", "archive": str(made)}
    assert cache in made.parents


def test_an_image_is_made_anew_when_its_recipe_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: images._of_packages(name).archive for name in images.PACKAGES}
    assert len(set(before.values())) == len(images.PACKAGES)
    monkeypatch.setitem(images.PACKAGES, "redis", (*images.PACKAGES["redis"], "less"))
    monkeypatch.setitem(images._FILES, "tools", {"etc/motd": "hello"})
    changed = {name for name in images.PACKAGES if images._of_packages(name).archive != before[name]}
    assert changed == {"redis", "tools"}


def test_what_makes_images_is_missing_only_where_there_is_one_to_make(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert images.lacking(["redis"]) == ["debootstrap"]
    assert images.lacking([]) == images.lacking([str(archive(tmp_path))]) == []
    Path(images._of_packages("redis").archive).touch()
    assert images.lacking(["redis"]) == []
    assert images.lacking(["redis", "mysql"]) == ["debootstrap"]
    (tmp_path / "debootstrap").touch(0o755)
    assert images.lacking(["redis", "mysql"]) == []
