# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Image references, cut as container runtimes cut them."""

from __future__ import annotations

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.override import ImageChange
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.images import change_image

DIGEST = "sha256:" + "0" * 64
REGISTRY, TAG, REPOSITORY = ImageChange(registry="reg.cn"), ImageChange(tag="2"), ImageChange(repository="my/app")


@pytest.mark.parametrize(
    ("reference", "change", "result"),
    [
        ("nginx", REGISTRY, "reg.cn/nginx"),
        ("nginx:1", REGISTRY, "reg.cn/nginx:1"),
        ("library/nginx:1", REGISTRY, "reg.cn/library/nginx:1"),
        ("docker.io/library/nginx:1", REGISTRY, "reg.cn/library/nginx:1"),
        ("localhost/nginx:1", REGISTRY, "reg.cn/nginx:1"),
        ("localhost:5000/nginx:1", REGISTRY, "reg.cn/nginx:1"),
        ("registry:5000/team/app", REGISTRY, "reg.cn/team/app"),
        ("quay.io/team/app:1", REGISTRY, "reg.cn/team/app:1"),
        (f"quay.io/app@{DIGEST}", REGISTRY, f"reg.cn/app@{DIGEST}"),
        (f"quay.io/app:1@{DIGEST}", REGISTRY, f"reg.cn/app:1@{DIGEST}"),
        ("nginx", TAG, "nginx:2"),
        ("nginx:1", TAG, "nginx:2"),
        ("localhost:5000/nginx", TAG, "localhost:5000/nginx:2"),
        ("localhost:5000/nginx:1", TAG, "localhost:5000/nginx:2"),
        ("registry:5000/team/app:1.2.3-rc.1", TAG, "registry:5000/team/app:2"),
        # a digest beats a tag, so a new tag would change nothing if the digest stayed
        (f"nginx@{DIGEST}", TAG, "nginx:2"),
        (f"localhost:5000/nginx:1@{DIGEST}", TAG, "localhost:5000/nginx:2"),
        ("nginx:1", REPOSITORY, "my/app:1"),
        ("quay.io/team/old:1", REPOSITORY, "quay.io/my/app:1"),
        (f"quay.io/team/old:1@{DIGEST}", REPOSITORY, f"quay.io/my/app:1@{DIGEST}"),
        ("nginx:1", ImageChange(registry="localhost:5000", repository="a/b", tag="3"), "localhost:5000/a/b:3"),
        ("nginx:1", ImageChange(registry="reg.cn/"), "reg.cn/nginx:1"),
        ("nginx:1", ImageChange(registry="reg.cn/mirror"), "reg.cn/mirror/nginx:1"),
        ("quay.io/team/app:1", ImageChange(registry=""), "team/app:1"),
        ("nginx:1", ImageChange(), "nginx:1"),
    ],
)
def test_changed_parts(reference: str, change: ImageChange, result: str) -> None:
    assert change_image(reference, change) == result


@pytest.mark.parametrize(
    "reference",
    ["nginx", "a/b", "a/b/c:1", "localhost/x", "h:1/x:2", f"x@{DIGEST}", f"h.io:5000/x/y:1@{DIGEST}"],
)
def test_no_change_changes_nothing(reference: str) -> None:
    assert change_image(reference, ImageChange()) == reference


def test_a_change_may_be_for_some_containers() -> None:
    assert ImageChange(tag="2").concerns("web")
    assert ImageChange(tag="2", container=("web",)).concerns("web")
    assert not ImageChange(tag="2", container=("web",)).concerns("sidecar")
    assert not ImageChange(tag="2", container=()).concerns("web")
