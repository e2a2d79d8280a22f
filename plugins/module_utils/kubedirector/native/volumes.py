# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pods of a role see of the world: persistent directories, files, secrets, scratch space."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..app import Role
from ..cluster import ClusterRole
from ..instance import Instance
from ..runtime import RoleRuntime, file_key
from . import naming

VOLUME = "p"

# What setup packages write outside of the directories that an app names, by the layout of the package.
_NEW_LAYOUT = ("/etc", "/opt/guestconfig", "/var/log/guestconfig", "/usr/local/bin", "/usr/local/lib")
_OLD_LAYOUT = ("/etc", "/opt", "/usr")

# Copies what the image has in each directory into the volume, once. A directory appears there only when it is complete.
_SEED = """\
set -e
cd /
for d in {directories}; do
  if [ -e "/mnt/$d" ]; then continue; fi
  rm -rf /mnt/.seed
  mkdir -p /mnt/.seed "/mnt/$(dirname "$d")"
  if [ -e "$d" ]; then cp -a "$d/." /mnt/.seed/; fi
  mv /mnt/.seed "/mnt/$d"
done
"""


@dataclass
class Volumes:
    """What goes into a pod, as Kubernetes writes it."""

    volumes: list[dict[str, Any]] = field(default_factory=list)
    mounts: list[dict[str, Any]] = field(default_factory=list)
    devices: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    seed: str = ""

    def add(self, volume: dict[str, Any], path: str, **more: Any) -> None:
        """A volume of its own, mounted at one place."""
        self.volumes.append(volume)
        self.mounts.append({"name": volume["name"], "mountPath": path, **more})


def persistent_directories(role: Role) -> tuple[str, ...]:
    """What a role keeps on its volume: what a setup package needs, then what the app names, without what lies in another one."""
    package = role.package
    own = () if package is None else _NEW_LAYOUT if package.new_layout else _OLD_LAYOUT
    named = dict.fromkeys((*own, *role.persist_dirs))
    return tuple(path for path in named if not any(path.startswith(f"{other}/") for other in named))


def volumes_of(instance: Instance, asked: ClusterRole, role: Role, runtime: RoleRuntime) -> Volumes:
    """All volumes of the pods of a role."""
    made = Volumes()
    _persistent(made, asked, role, runtime)
    _devices(made, asked)
    if instance.definition.app.systemd_required:
        _for_systemd(made, instance)
    for position, path in enumerate(runtime.scratch):
        made.add({"name": f"scratch-{position}", "emptyDir": {"medium": "Memory"}}, path)
    if asked.secret is not None:
        _secret(made, asked)
    for position, projection in enumerate(asked.volume_projections):
        claim: dict[str, Any] = {"claimName": projection.claim}
        if projection.read_only:
            claim["readOnly"] = True
        more = {"readOnly": True} if projection.read_only else {}
        made.add({"name": f"projected-vol-{position}", "persistentVolumeClaim": claim}, projection.mount_path, **more)
    if asked.shared_memory:
        memory = {"medium": "Memory", "sizeLimit": asked.shared_memory}
        made.add({"name": "shmem", "emptyDir": memory}, "/dev/shm")
    _files(made, instance, runtime)
    replication = instance.replication
    if replication is not None and replication.role == role.id:
        state = {"name": naming.replication_name(instance, role.id)}
        made.add({"name": "replication", "configMap": state}, replication.path, readOnly=True)
    for name, path in sorted(runtime.secrets.items()):
        # owner and group only; a group is given by the pod's fsGroup
        secret = {"secretName": naming.secret_name(instance, name), "defaultMode": 0o440}
        made.add({"name": f"secret-{name}", "secret": secret}, path, readOnly=True)
    return made


def _persistent(made: Volumes, asked: ClusterRole, role: Role, runtime: RoleRuntime) -> None:
    directories = persistent_directories(role)
    if asked.storage is None:
        if not runtime.seed and directories:
            # a directory that a user who is not root can write to, as long as the pod lives
            made.volumes.append({"name": VOLUME, "emptyDir": {}})
            made.mounts += [{"name": VOLUME, "mountPath": path, "subPath": path.lstrip("/")} for path in directories]
        return
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": asked.storage.size}},
    }
    if asked.storage.storage_class:
        spec["storageClassName"] = asked.storage.storage_class
    made.claims.append(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": VOLUME},
            "spec": spec,
        }
    )
    made.mounts += [{"name": VOLUME, "mountPath": path, "subPath": path.lstrip("/")} for path in directories]
    if runtime.seed and directories:
        made.seed = _SEED.format(directories=" ".join(_quoted(path.lstrip("/")) for path in directories))


def _devices(made: Volumes, asked: ClusterRole) -> None:
    block = asked.block_storage
    if block is None:
        return
    for number in range(block.devices):
        name = f"b{number}"
        made.claims.append(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": name},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "volumeMode": "Block",
                    "resources": {"requests": {"storage": block.size}},
                    "storageClassName": block.storage_class,
                },
            }
        )
        made.devices.append({"name": name, "devicePath": f"{block.path_prefix}{number}"})


def _for_systemd(made: Volumes, instance: Instance) -> None:
    for name, path in (("tmpfs-tmp", "/tmp"), ("tmpfs-run", "/run"), ("tmpfs-run-lock", "/run/lock")):
        made.add({"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": "20Gi"}}, path)
    if instance.settings.native_systemd_support:
        return
    made.add({"name": "cgroupfs", "hostPath": {"path": "/sys/fs/cgroup"}}, "/sys/fs/cgroup", readOnly=True)
    path = "/sys/fs/cgroup/systemd"
    made.add({"name": "systemd", "hostPath": {"path": path}}, path)


def _secret(made: Volumes, asked: ClusterRole) -> None:
    secret = asked.secret
    if secret is None:
        return
    source: dict[str, Any] = {"secretName": secret.name}
    if secret.default_mode is not None:
        source["defaultMode"] = secret.default_mode
    more = {"readOnly": True} if secret.read_only else {}
    made.add({"name": "role-secret", "secret": source}, secret.mount_path, **more)


def _files(made: Volumes, instance: Instance, runtime: RoleRuntime) -> None:
    """One directory for the files of each directory, so that a change arrives in running pods, which a single file would not."""
    folders: dict[str, list[str]] = {}
    for file in runtime.files:
        folders.setdefault(file.path.rpartition("/")[0] or "/", []).append(file.path)
    for position, (folder, paths) in enumerate(sorted(folders.items())):
        items = [{"key": file_key(path), "path": path.rpartition("/")[2]} for path in sorted(paths)]
        source = {"name": naming.files_name(instance, runtime.id), "items": items}
        made.add({"name": f"files-{position}", "configMap": source}, folder, readOnly=True)


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"
