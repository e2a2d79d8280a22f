# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real node on this machine: namespaces of its own, and in them containerd, a DNS server, kube-proxy and a kubelet.

A program of its own, started as a component of a member: ``node_main.py FOLDER``. What it does is in FOLDER/node.json. Everything that it
starts lives in process, mount and network namespaces that end with it, so that SIGKILL is like a power cut, and nothing is left behind.
It needs root on Linux, and the programs in `REQUIRED`.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

#: programs, and the Debian packages that have them
REQUIRED = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
}
CNI_FOLDERS = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")
CNI_PLUGINS = ("ptp", "host-local", "portmap")

BRIDGE = "fed0"
#: addresses of nodes; of pods, 256 for each node
NODES, PODS = "10.213.0.0/16", "10.214.0.0/15"
HOST = "10.213.0.1"
_MOST = 500
_GROUPS = "k8s.io"
_GROUP_TRIES = 40
_PDEATHSIG = 1
_NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")
_POLL = 0.3
#: an interface that a killed node had goes a moment after its namespace
_LINK_SECONDS = 10.0


def lacking() -> list[str]:
    """The Debian packages of programs that are not there, and what else stands in the way; [] where a node can run."""
    if sys.platform != "linux":
        return ["Linux"]
    found = [] if os.geteuid() == 0 else ["root"]
    found += sorted({package for program, package in REQUIRED.items() if shutil.which(program) is None})
    if cni_folder() is None:
        found.append("containernetworking-plugins")
    return found


def cni_folder() -> str | None:
    """Where the CNI plugins are, or None."""
    for folder in CNI_FOLDERS:
        if all(os.access(os.path.join(folder, name), os.X_OK) for name in CNI_PLUGINS):
            return folder
    return None


def node_address(number: int) -> str:
    """The address of a node by its number, from 1."""
    return f"10.213.{number // 250}.{number % 250 + 2}"


def pod_subnet(number: int) -> str:
    """The addresses of the pods of a node."""
    return f"10.{214 + number // 256}.{number % 256}.0/24"


def say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A short command; its output where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done


def write(path: str, text: str) -> str:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


class Node:
    """The node of one member. ``config``: name, port (of the API server), pause and programs (paths), images, kubeconfigs, labels."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        with open(os.path.join(folder, "node.json"), encoding="utf-8") as file:
            self.config = json.load(file)
        self.name = self.config["name"]
        self.number = 0
        self.holder = 0
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.ending = False

    def path(self, *parts: str) -> str:
        return os.path.join(self.folder, "node", *parts)

    # namespaces and network

    def hold(self) -> None:
        """Make the namespaces, held by a process that does nothing but collect the dead."""
        command = ["unshare", *_NAMESPACES, "--fork", "--kill-child", "--propagation", "private", self.config["pause"]]
        outer = subprocess.Popen(command, preexec_fn=_die_with_parent, stdin=subprocess.DEVNULL)  # noqa: PLW1509 - no thread runs yet
        self.holder = _child_of(outer)
        self.within("mount", "-t", "proc", "proc", "/proc")
        for place in ("/run", "/var/log", "/var/lib/cni"):
            if os.path.isdir(place):
                self.within("mount", "-t", "tmpfs", "tmpfs", place)
        self.within("mount", "--make-rshared", "/")
        self.within("hostname", self.name)

    def within(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A short command in the namespaces."""
        return run(*self._entering(), *command)

    def _entering(self) -> list[str]:
        return ["nsenter", "--target", str(self.holder), *_NAMESPACES, "--"]

    def connect(self) -> None:
        """A cable from the namespace to the bridge that all nodes of this machine share. Its name is the number of the node."""
        deadline = time.monotonic() + _LINK_SECONDS
        while not self.number:
            _ensure_bridge()
            for number in range(1, _MOST):
                if (
                    run(
                        "ip",
                        "link",
                        "add",
                        f"fed{number}",
                        "type",
                        "veth",
                        "peer",
                        "name",
                        "eth0",
                        "netns",
                        str(self.holder),
                        check=False,
                    ).returncode
                    == 0
                ):
                    self.number = number
                    break
            if time.monotonic() > deadline:
                raise RuntimeError("no network interface could be made")
        address = node_address(self.number)
        run("ip", "link", "set", f"fed{self.number}", "master", BRIDGE, "up")
        for command in (
            "ip link set lo up",
            f"ip address add {address}/16 dev eth0",
            "ip link set eth0 up",
            # whoever has the pod answers for its address
            f"ip route add {PODS} dev eth0",
        ):
            self.within(*command.split())
        for key in ("net.ipv4.ip_forward", "net.ipv4.conf.eth0.proxy_arp", "net.ipv4.conf.all.arp_ignore"):
            value = "0" if key.endswith("ignore") else "1"
            self.within("sh", "-c", f"echo {value} > /proc/sys/{key.replace('.', '/')}")
        write(self.path("address"), address)

    def forward(self) -> None:
        """Bring the loopback port of the API server into the namespace: all kubeconfigs work there as they are."""
        listening = _in_network_of(
            self.holder, lambda: socket.create_server(("127.0.0.1", self.config["port"]), backlog=64)
        )
        threading.Thread(target=_serve, args=(listening, self.config["port"]), daemon=True).start()

    # components

    def spawn(self, name: str, binary: str, arguments: list[str]) -> None:
        """Start a program in the namespaces, and remember its process as the sandbox does."""
        log = os.path.join(self.folder, "log", f"{name}.log")
        os.makedirs(os.path.dirname(log), mode=0o700, exist_ok=True)
        with open(log, "ab") as output:
            outer = subprocess.Popen(
                [*self._entering(), binary, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it calls one function of the C library
                env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "HOME": self.folder},
            )
        pid = _child_of(outer)
        self.children[name] = outer
        write(os.path.join(self.folder, "run", f"{name}.json"), json.dumps({"pid": pid, "started": _started(pid)}))
        say(f"{name} runs as {pid}")

    def containerd(self) -> None:
        socket_path = self.path("containerd.sock")
        config = write(
            self.path("containerd.toml"),
            _CONTAINERD.format(
                root=self.path("containerd"),
                state=self.path("state"),
                socket=socket_path,
                image=self.config["pause_image"],
                plugins=cni_folder(),
                networks=self.path("net.d"),
                snapshotter=self.config.get("snapshotter") or "overlayfs",
            ),
        )
        network = {
            "cniVersion": "1.0.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "ptp",
                    "ipMasq": False,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": "/run/cni",
                        "ranges": [[{"subnet": pod_subnet(self.number)}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }
        write(self.path("net.d", "10-pods.conflist"), json.dumps(network))
        if os.path.exists(socket_path):
            os.unlink(socket_path)
        self.spawn("containerd", shutil.which("containerd") or "containerd", ["--config", config])
        deadline = time.monotonic() + 30
        while run(*self._ctr("version"), check=False).returncode:
            if time.monotonic() > deadline:
                raise RuntimeError("containerd does not answer, see its log")
            time.sleep(0.1)

    def _ctr(self, *arguments: str) -> list[str]:
        return [
            *self._entering(),
            "ctr",
            "--address",
            self.path("containerd.sock"),
            "--namespace",
            "k8s.io",
            *arguments,
        ]

    def load_images(self) -> None:
        """Import archives of images that are not there yet."""
        there = set(run(*self._ctr("images", "list", "--quiet")).stdout.split())
        for image in self.config["images"]:
            if image["name"] not in there:
                began = time.monotonic()
                done = subprocess.run(
                    self._ctr("images", "import", image["archive"]), capture_output=True, text=True, check=False
                )
                if done.returncode:
                    raise RuntimeError(f"image {image['name']}: {done.stderr.strip()[-300:]}")
                say(f"image {image['name']} is there after {time.monotonic() - began:.1f} s")

    def dns(self) -> None:
        config = write(
            self.path("Corefile"),
            _COREFILE.format(address=node_address(self.number), kubeconfig=self.config["kubeconfigs"]["operator"]),
        )
        self.spawn("coredns", self.config["programs"]["coredns"], ["-conf", config])

    def proxy(self) -> None:
        config = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "hostnameOverride": self.name,
            "bindAddress": node_address(self.number),
            "nodePortAddresses": [f"{node_address(self.number)}/32"],
            "detectLocalMode": "ClusterCIDR",
            "clusterCIDR": PODS,
            "healthzBindAddress": "",
            "metricsBindAddress": "127.0.0.1:10249",
            "clientConnection": {"kubeconfig": self.config["kubeconfigs"]["operator"]},
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "iptables": {"minSyncPeriod": "0s", "syncPeriod": "30s"},
        }
        path = write(self.path("kube-proxy.json"), json.dumps(config))
        self.spawn("kube-proxy", self.config["programs"]["kube-proxy"], ["--config", path])

    def kubelet(self) -> None:
        config = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "cgroupDriver": "cgroupfs",
            "failCgroupV1": False,
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "containerRuntimeEndpoint": f"unix://{self.path('containerd.sock')}",
            "podLogsDir": self.path("pods"),
            "volumePluginDir": self.path("plugins"),
            "clusterDNS": [node_address(self.number)],
            "clusterDomain": "cluster.local",
            "resolvConf": "",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": self.config["authority"]},
            },
            "authorization": {"mode": "Webhook"},
            "failSwapOn": False,
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
            "localStorageCapacityIsolation": False,
            "nodeStatusUpdateFrequency": "2s",
            "nodeLeaseDurationSeconds": 40,
            "syncFrequency": "5s",
            "registerNode": True,
            "shutdownGracePeriod": "0s",
            "maxPods": self.config["pods"],
        }
        path = write(self.path("kubelet.json"), json.dumps(config))
        labels = ",".join(f"{key}={value}" for key, value in self.config["labels"].items())
        arguments = [
            f"--config={path}",
            f"--kubeconfig={self.config['kubeconfigs']['kubelet']}",
            f"--root-dir={self.path('kubelet')}",
            f"--cert-dir={self.path('kubelet-pki')}",
            f"--hostname-override={self.name}",
            f"--node-ip={node_address(self.number)}",
            f"--node-labels={labels}",
            "--v=1",
        ]
        self.spawn("kubelet", self.config["programs"]["kubelet"], arguments)

    # life

    def up(self) -> None:
        self.hold()
        self.connect()
        self.forward()
        self.containerd()
        self.load_images()
        threading.Thread(target=Volumes(self).work, daemon=True).start()
        for name, start in (("coredns", self.dns), ("kube-proxy", self.proxy), ("kubelet", self.kubelet)):
            if not self.held_down(name):
                start()

    def held_down(self, name: str) -> bool:
        """Whether somebody wants it to stay away (a fault): the file is made and removed by the sandbox."""
        return os.path.exists(os.path.join(self.folder, "run", f"{name}.down"))

    def watch(self) -> None:
        """Start again what ended, unless it is to stay away; until we are asked to end."""
        starters = {
            "containerd": self.containerd,
            "coredns": self.dns,
            "kube-proxy": self.proxy,
            "kubelet": self.kubelet,
        }
        again: dict[str, float] = {}
        while not self.ending:
            time.sleep(_POLL)
            for name, start in starters.items():
                child = self.children.get(name)
                if (child is None or child.poll() is not None) and not self.held_down(name):
                    if time.monotonic() < again.get(name, 0.0):
                        continue
                    again[name] = time.monotonic() + 2.0
                    say(f"{name} is started again")
                    start()


class Refused(Exception):
    """An API server said no."""

    def __init__(self, code: int) -> None:
        super().__init__(f"HTTP {code}")
        self.code = code


class Volumes:
    """Makes a directory, and a volume for it, for each claim of our class, and takes both away when the claim has gone."""

    CLASS, PROVISIONER = "standard", "sandbox.multicluster.federation/node"

    def __init__(self, node: Node) -> None:
        self.node = node
        pki = node.config["pki"]
        context = ssl.create_default_context(cafile=node.config["authority"])
        context.load_cert_chain(os.path.join(pki, "operator.crt"), os.path.join(pki, "operator.key"))
        self.context = context
        self.port = node.config["port"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer of the API server; `Refused` for anything that is not a success."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.context)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise Refused(answer.status)
        return json.loads(text)

    def work(self) -> None:
        while True:
            try:
                self.provide()
                self.reclaim()
            except (OSError, http.client.HTTPException):
                pass  # the API server is away
            except (Refused, ValueError, KeyError) as error:
                say(f"volumes: {error!r}")
            time.sleep(_POLL)

    def provide(self) -> None:
        for claim in self.call("GET", "/api/v1/persistentvolumeclaims")["items"]:
            spec, metadata = claim["spec"], claim["metadata"]
            if spec.get("storageClassName") != self.CLASS or spec.get("volumeName"):
                continue
            if claim.get("status", {}).get("phase") != "Pending" or metadata.get("deletionTimestamp"):
                continue
            name = f"claim-{metadata['uid']}"
            place = self.node.path("volumes", name)
            os.makedirs(place, exist_ok=True)
            os.chmod(place, 0o777)
            try:
                self.call("POST", "/api/v1/persistentvolumes", self.volume(name, place, claim))
            except Refused as error:
                if error.code != 409:
                    raise

    def volume(self, name: str, place: str, claim: dict[str, Any]) -> dict[str, Any]:
        affinity = {"key": "kubernetes.io/hostname", "operator": "In", "values": [self.node.name]}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": self.PROVISIONER}},
            "spec": {
                "accessModes": claim["spec"]["accessModes"],
                "capacity": claim["spec"]["resources"]["requests"],
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": self.CLASS,
                "volumeMode": claim["spec"].get("volumeMode") or "Filesystem",
                "local": {"path": place},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [affinity]}]}},
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": claim["metadata"]["namespace"],
                    "name": claim["metadata"]["name"],
                    "uid": claim["metadata"]["uid"],
                },
            },
        }

    def reclaim(self) -> None:
        for volume in self.call("GET", "/api/v1/persistentvolumes")["items"]:
            notes = volume["metadata"].get("annotations") or {}
            if notes.get("pv.kubernetes.io/provisioned-by") != self.PROVISIONER:
                continue
            if volume.get("status", {}).get("phase") not in ("Released", "Failed"):
                continue
            if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                name = volume["metadata"]["name"]
                shutil.rmtree(self.node.path("volumes", name), ignore_errors=True)
                self.call("DELETE", f"/api/v1/persistentvolumes/{name}")


_CONTAINERD = """\
version = 2
root = "{root}"
state = "{state}"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{image}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
"""

_COREFILE = """\
.:53 {{
    bind {address}
    errors
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {kubeconfig}
        ttl 1
    }}
}}
"""


def _ensure_bridge() -> None:
    if run("ip", "link", "add", BRIDGE, "type", "bridge", check=False).returncode == 0:
        run("ip", "address", "add", f"{HOST}/16", "dev", BRIDGE, check=False)
    run("ip", "link", "set", BRIDGE, "up", check=False)
    # so that this machine reaches pods as well
    run("ip", "route", "replace", PODS, "dev", BRIDGE, check=False)


def sweep_bridge() -> None:
    """Remove the bridge when no node is connected to it any more. Interfaces of a killed node go a moment after it."""
    ports = os.path.join("/sys/class/net", BRIDGE, "brif")
    deadline = time.monotonic() + 5
    while os.path.isdir(ports):
        if not os.listdir(ports):
            run("ip", "link", "delete", BRIDGE, check=False)
            return
        if time.monotonic() > deadline:
            return
        time.sleep(0.1)


def sweep_cgroups(folder: str) -> None:
    """Remove the control groups that killed containers of a node have left; the runtime did not get to it."""
    state = os.path.join(folder, "node", "state", "io.containerd.runtime.v2.task", _GROUPS)
    names = os.listdir(state) if os.path.isdir(state) else []
    root = "/sys/fs/cgroup"
    for controller in [root, *(os.path.join(root, name) for name in (os.listdir(root) if os.path.isdir(root) else ()))]:
        for name in names:
            _remove_groups(os.path.join(controller, _GROUPS, name))
        _remove_group(os.path.join(controller, _GROUPS))


def _remove_groups(path: str) -> None:
    for place, folders, _files in os.walk(path, topdown=False):
        for name in folders:
            _remove_group(os.path.join(place, name))
    if os.path.isdir(path):
        _remove_group(path)


def _remove_group(path: str) -> None:
    for _try in range(_GROUP_TRIES):
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError:
            if os.path.basename(path) == _GROUPS:
                return  # other nodes have theirs in it
            time.sleep(0.05)  # what was killed is still on its way out


def _child_of(outer: subprocess.Popen[bytes]) -> int:
    """The pid, on this machine, of the only child of a process that was just started."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="ascii") as file:
                found = file.read().split()
        except FileNotFoundError:
            found = []
        if found:
            return int(found[0])
        if outer.poll() is not None:
            raise RuntimeError(f"{_words(outer)} ended at once with {outer.returncode}")
        time.sleep(0.005)
    raise RuntimeError(f"{_words(outer)} did not start")


def _words(outer: subprocess.Popen[bytes]) -> str:
    return " ".join(map(str, outer.args)) if isinstance(outer.args, (list, tuple)) else str(outer.args)


def _started(pid: int) -> str:
    """When a process started, in the words of the sandbox's own records."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        ticks = file.read().rpartition(")")[2].split()[19]
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return f"{file.read().strip()}:{ticks}"


def _in_network_of(pid: int, work: Callable[[], socket.socket]) -> socket.socket:
    """Call ``work`` in the network namespace of a process, in a thread of its own."""
    result: dict[str, socket.socket] = {}

    def enter() -> None:
        handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(handle, 0):
                raise OSError(ctypes.get_errno(), "the network namespace cannot be entered")
            result["found"] = work()
        finally:
            os.close(handle)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if "found" not in result:
        raise RuntimeError("nobody listens in the namespace of the node")
    return result["found"]


def _serve(listening: socket.socket, port: int) -> None:
    while True:
        client, _address = listening.accept()
        try:
            server = socket.create_connection(("127.0.0.1", port), timeout=10)
        except OSError:
            client.close()
            continue
        server.settimeout(None)
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def main() -> None:
    node = Node(sys.argv[1])

    def end(_number: int, _frame: Any) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    node.up()
    say("up")
    node.watch()


if __name__ == "__main__":
    main()
