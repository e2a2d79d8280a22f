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
#: what `lacking` may name beside packages
NO_PACKAGES = ("Linux", "root")
CNI_FOLDERS = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")
CNI_PLUGINS = ("ptp", "host-local", "portmap")

_LINK = "fed"
BRIDGE = f"{_LINK}0"
#: addresses of nodes; of pods, 256 for each node
NODES, PODS = "10.213.0.0/16", "10.214.0.0/15"
HOST = "10.213.0.1"
_MOST = 500
_CGROUPS = "/sys/fs/cgroup"
#: where a node offers the API server of its member to pods, and to others on the bridge
API_PORT = 6443
_PDEATHSIG = 1
_NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")
_POLL = 0.3
#: an interface that a killed node had goes a moment after its namespace; and another node may just take the bridge away
_LINK_SECONDS = 10.0

# What programs would leave on this machine lands in memory instead, and goes with the namespace. $0 is the folder of the member, which
# stays what it is wherever it lies: /proc/self/fd keeps it at hand while something covers its path. Sockets need short paths.
_SOCKET, _KUBELET = "/run/containerd.sock", "/run/kubelet"
_COVER = """
set -e
exec 3<"$0"
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir /run/upper /run/work
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/upper,workdir=/run/work overlay /var/lib
mkdir -p "$0"
mount --no-canonicalize --bind /proc/self/fd/3 "$0"
mkdir -p "$0/node/kubelet" $1
mount --bind "$0/node/kubelet" $1
mount --make-rshared /
"""


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
    """The node of one member. ``config``: name, port (of the API server), pause and programs (paths), images, kubeconfigs, labels,
    provider_id, and the control group that all containers are in."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.plan = os.path.join(folder, "node.json")
        self.stamp = os.stat(self.plan).st_mtime_ns
        with open(self.plan, encoding="utf-8") as file:
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
        self.remember("holder", self.holder)
        self.within("sh", "-c", _COVER, self.folder, _KUBELET)
        self.within("hostname", self.name)

    def within(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A short command in the namespaces."""
        return run(*self._entering(), *command)

    def _entering(self) -> list[str]:
        return ["nsenter", "--target", str(self.holder), *_NAMESPACES, "--"]

    def connect(self) -> None:
        """A cable from the namespace to the bridge that all nodes of this machine share. Its name is the number of the node."""
        deadline = time.monotonic() + _LINK_SECONDS
        while not self._plug_in():
            if time.monotonic() > deadline:
                raise RuntimeError("no network interface could be made")
            time.sleep(_POLL)
        with open(f"/sys/class/net/{_LINK}{self.number}/ifindex", encoding="ascii") as file:
            link = {"name": f"{_LINK}{self.number}", "index": int(file.read())}
        write(self.path("link.json"), json.dumps(link))
        address = node_address(self.number)
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

    def _plug_in(self) -> bool:
        """Take the number that this node had, or the first free one, and plug its cable in; whether that went well."""
        _ensure_bridge()
        for number in (*self._number_before(), *range(1, _MOST)):
            # others remember for seconds which card an address had: a node that comes back has to have the same one
            card = f"02:fe:d0:00:{number >> 8:02x}:{number & 255:02x}"
            cable = f"link add {_LINK}{number} type veth peer name eth0 address {card} netns {self.holder}"
            if run("ip", *cable.split(), check=False).returncode == 0:
                break
        else:
            return False
        if run("ip", "link", "set", f"{_LINK}{number}", "master", BRIDGE, "up", check=False).returncode:
            # the node that was the last on the bridge has just taken it away
            run("ip", "link", "delete", f"{_LINK}{number}", check=False)
            return False
        self.number = number
        return True

    def _number_before(self) -> list[int]:
        """A node that comes back is looked for at the address that it had."""
        try:
            with open(self.path("link.json"), encoding="utf-8") as file:
                return [int(json.load(file)["name"].removeprefix(_LINK))]
        except (OSError, ValueError, KeyError):
            return []

    def forward(self) -> None:
        """Bring the loopback port of the API server into the namespace, where all kubeconfigs work as they are; and offer it to pods."""
        port = self.config["port"]
        for place in (("127.0.0.1", port), (node_address(self.number), API_PORT)):
            listening = _listen_in(self.holder, place)
            threading.Thread(target=_serve, args=(listening, port), daemon=True).start()

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
        self.remember(name, pid)
        say(f"{name} runs as {pid}")

    def remember(self, name: str, pid: int) -> None:
        """Write the record of a process, as the sandbox does."""
        write(os.path.join(self.folder, "run", f"{name}.json"), json.dumps({"pid": pid, "started": _started(pid)}))

    def containerd(self) -> None:
        config = write(
            self.path("containerd.toml"),
            _CONTAINERD.format(
                root=self.path("containerd"),
                state=self.path("state"),
                socket=_SOCKET,
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
            _SOCKET,
            "--namespace",
            "k8s.io",
            *arguments,
        ]

    def load_images(self) -> None:
        """Import archives of images that are not there yet, and write down which are."""
        there = set(run(*self._ctr("images", "list", "--quiet")).stdout.split())
        for image in self.config["images"]:
            if image["name"] not in there:
                began = time.monotonic()
                done = subprocess.run(
                    self._ctr("images", "import", image["archive"]), capture_output=True, text=True, check=False
                )
                if done.returncode:
                    raise RuntimeError(f"image {image['name']}: {done.stderr.strip()[-300:]}")
                there.add(image["name"])
                say(f"image {image['name']} is there after {time.monotonic() - began:.1f} s")
        self.tell_images(sorted(there))

    def tell_images(self, there: list[str], failed: str = "") -> None:
        write(self.path("images.json"), json.dumps({"there": there, "failed": failed}))

    def look_again(self) -> None:
        """Bring in the images that were asked for since this program began."""
        stamp = os.stat(self.plan).st_mtime_ns
        if stamp == self.stamp:
            return
        self.stamp = stamp
        with open(self.plan, encoding="utf-8") as file:
            self.config["images"] = json.load(file)["images"]
        try:
            self.load_images()
        except RuntimeError as error:
            say(str(error))
            self.tell_images([], str(error))

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
            "cgroupsPerQOS": True,
            "cgroupRoot": f"/{self.config['group']}",
            "providerID": self.config["provider_id"],
            "enforceNodeAllocatable": [],
            "containerRuntimeEndpoint": f"unix://{_SOCKET}",
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
            f"--root-dir={_KUBELET}",
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
        make_groups(self.config["group"])
        self.connect()
        self.forward()
        self.containerd()
        self.load_images()
        threading.Thread(target=Tender(self).work, daemon=True).start()
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
            self.look_again()
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


class Api:
    """Speaks to the API server of the member as the sandbox's own user, over one connection."""

    def __init__(self, config: dict[str, Any]) -> None:
        context = ssl.create_default_context(cafile=config["authority"])
        context.load_cert_chain(*(os.path.join(config["pki"], name) for name in ("operator.crt", "operator.key")))
        self.connection = http.client.HTTPSConnection("127.0.0.1", config["port"], timeout=10, context=context)

    def call(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """The decoded answer; `Refused` for anything that is not a success."""
        try:
            data = None if body is None else json.dumps(body).encode()
            self.connection.request(method, path, data, {"Content-Type": content})
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()  # the next call makes a new one
            raise
        if answer.status >= 300:
            raise Refused(answer.status)
        return json.loads(text)


class Tender:
    """Does what a cloud would do for its cluster: Service kubernetes leads somewhere, and claims get volumes."""

    def __init__(self, node: Node) -> None:
        self.api = Api(node.config)
        self.address = node_address(node.number)
        self.volumes = Volumes(self.api, node.name, node.path("volumes"))

    def work(self) -> None:
        announced = False
        while True:
            try:
                if not announced:
                    self.announce()
                    announced = True
                self.volumes.provide()
                self.volumes.reclaim()
            except (OSError, http.client.HTTPException):
                pass  # the API server is away
            except (Refused, ValueError, KeyError) as error:
                say(f"tender: {error!r}")
            time.sleep(_POLL)

    def announce(self) -> None:
        """Tell where Service kubernetes leads: an API server on loopback knows no address that pods could reach."""
        path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
        query = "?fieldManager=sandbox&force=true"
        self.api.call("PATCH", path + query, endpoints_of_api(self.address), "application/apply-patch+yaml")


def endpoints_of_api(address: str) -> dict[str, Any]:
    """The EndpointSlice of Service kubernetes."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "ports": [{"name": "https", "port": API_PORT, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }


class Volumes:
    """Makes a directory, and a volume for it, for each claim of our class, and takes both away when the claim has gone."""

    CLASS, PROVISIONER = "standard", "sandbox.multicluster.federation/node"
    SELECTED = "volume.kubernetes.io/selected-node"

    def __init__(self, api: Api, node: str, folder: str) -> None:
        """``node``: the name of the node that volumes are on; ``folder``: holds a directory for each."""
        self.api, self.node, self.folder = api, node, folder

    def provide(self) -> None:
        for claim in self.api.call("GET", "/api/v1/persistentvolumeclaims")["items"]:
            spec, metadata = claim["spec"], claim["metadata"]
            if spec.get("storageClassName") != self.CLASS or spec.get("volumeName"):
                continue
            if claim.get("status", {}).get("phase") != "Pending" or metadata.get("deletionTimestamp"):
                continue
            if (metadata.get("annotations") or {}).get(self.SELECTED) != self.node:
                continue  # no pod that needs it is to run here yet
            name = f"claim-{metadata['uid']}"
            place = os.path.join(self.folder, name)
            os.makedirs(place, exist_ok=True)
            os.chmod(place, 0o777)
            try:
                self.api.call("POST", "/api/v1/persistentvolumes", self.volume(name, place, claim))
            except Refused as error:
                if error.code != 409:
                    raise

    def volume(self, name: str, place: str, claim: dict[str, Any]) -> dict[str, Any]:
        affinity = {"key": "kubernetes.io/hostname", "operator": "In", "values": [self.node]}
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
        for volume in self.api.call("GET", "/api/v1/persistentvolumes")["items"]:
            notes = volume["metadata"].get("annotations") or {}
            if notes.get("pv.kubernetes.io/provisioned-by") != self.PROVISIONER:
                continue
            if volume.get("status", {}).get("phase") not in ("Released", "Failed"):
                continue
            if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                name = volume["metadata"]["name"]
                shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)
                self.api.call("DELETE", f"/api/v1/persistentvolumes/{name}")


_CONTAINERD = """\
version = 2
root = "{root}"
state = "{state}"
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{root}/opt"
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


def make_groups(group: str, root: str = _CGROUPS) -> None:
    """Make the control group that a kubelet puts everything into. What the kernel does not inherit is copied from above."""
    names = [name for name in group.split("/") if name]
    if os.path.exists(os.path.join(root, "cgroup.controllers")):
        place = root
        for name in names:
            with open(os.path.join(place, "cgroup.controllers"), encoding="ascii") as file:
                _enable(place, file.read().split())
            place = os.path.join(place, name)
            os.makedirs(place, exist_ok=True)
        return
    for controller in sorted(os.listdir(root)):
        place = os.path.join(root, controller)
        if not os.path.exists(os.path.join(place, "cgroup.procs")):
            continue
        for name in names:
            above, place = place, os.path.join(place, name)
            os.makedirs(place, exist_ok=True)
            for key in ("cpuset.cpus", "cpuset.mems"):
                if os.path.exists(os.path.join(above, key)):
                    shutil.copyfile(os.path.join(above, key), os.path.join(place, key))


def _enable(place: str, controllers: list[str]) -> None:
    """Let the groups in a group have controllers; some cannot be had everywhere, and the kubelet says which it misses."""
    for controller in controllers:
        try:
            with open(os.path.join(place, "cgroup.subtree_control"), "w", encoding="ascii") as file:
                file.write(f"+{controller}")
        except OSError as error:
            say(f"controller {controller} in {place}: {error}")


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


def _listen_in(pid: int, place: tuple[str, int]) -> socket.socket:
    """A socket that listens in the network namespace of a process; made by a thread of its own, which enters it."""
    result: list[socket.socket] = []

    def enter() -> None:
        handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(handle, 0):
                raise OSError(ctypes.get_errno(), "the network namespace cannot be entered")
            result.append(socket.create_server(place, backlog=64))
        finally:
            os.close(handle)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if not result:
        raise RuntimeError(f"nobody listens at {place[0]}:{place[1]} in the namespace of the node")
    return result[0]


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
