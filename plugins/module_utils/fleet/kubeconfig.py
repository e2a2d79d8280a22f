# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connection options and kubeconfig files -> an Endpoint: where a member's API is, and how we prove who we are.

Our own small reader, because the loader of the Python client writes client keys to temporary files that outlive a forked worker,
runs credential plugins without a time limit, keeps process-wide state that threads would share, and takes long to import.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.errors import ConfigError, Kind, MemberError, missing

try:
    import yaml
except ImportError:  # reported when a kubeconfig has to be read
    yaml = None  # type: ignore[assignment]

#: connection options, by the names that kubernetes.core gives them; as host variables they are prefixed with "cluster_"
CONNECTION_OPTIONS = (
    "kubeconfig",
    "kubeconfig_data",
    "context",
    "host",
    "api_key",
    "username",
    "password",
    "ca_cert",
    "client_cert",
    "client_key",
    "validate_certs",
    "proxy",
    "tls_server_name",
    "impersonate_user",
    "impersonate_groups",
)

#: environment variables that kubernetes.core reads for these options; they are the last resort here, too
ENVIRONMENT = {
    "kubeconfig": "K8S_AUTH_KUBECONFIG",
    "context": "K8S_AUTH_CONTEXT",
    "host": "K8S_AUTH_HOST",
    "api_key": "K8S_AUTH_API_KEY",
    "username": "K8S_AUTH_USERNAME",
    "password": "K8S_AUTH_PASSWORD",
    "ca_cert": "K8S_AUTH_SSL_CA_CERT",
    "client_cert": "K8S_AUTH_CERT_FILE",
    "client_key": "K8S_AUTH_KEY_FILE",
    "validate_certs": "K8S_AUTH_VERIFY_SSL",
    "proxy": "K8S_AUTH_PROXY",
    "impersonate_user": "K8S_AUTH_IMPERSONATE_USER",
    "impersonate_groups": "K8S_AUTH_IMPERSONATE_GROUPS",
}


#: fields of an Endpoint that say who we are
_IDENTITY = (
    "token",
    "token_file",
    "username",
    "password",
    "client_cert",
    "client_key",
    "exec_plugin",
    "auth_provider",
)


@dataclass(frozen=True)
class ExecPlugin:
    """A command that prints a credential (client.authentication.k8s.io)."""

    command: str
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    api_version: str
    provide_cluster_info: bool = False
    install_hint: str = ""


@dataclass(frozen=True, repr=False)
class Endpoint:
    """One API server and one identity. Certificates and keys are PEM text; nothing of it is ever printed."""

    server: str
    ca: str = ""
    verify: bool = True
    tls_server_name: str = ""
    proxy: str = ""
    token: str = ""
    token_file: str = ""
    username: str = ""
    password: str = ""
    client_cert: str = ""
    client_key: str = ""
    exec_plugin: ExecPlugin | None = None
    auth_provider: str = ""
    impersonate_user: str = ""
    impersonate_groups: tuple[str, ...] = ()

    def __repr__(self) -> str:
        scheme, _colon, rest = self.server.partition("://")
        return f"Endpoint({scheme}://{rest.rpartition('@')[2]})"


def _problem(message: str, hint: str = "") -> MemberError:
    return MemberError(Kind.CREDENTIALS, message, hint)


_parsed: dict[tuple[str, float, int], dict[str, Any]] = {}
_parsed_lock = threading.Lock()


def _parse(text: str, what: str) -> dict[str, Any]:
    """A kubeconfig out of text. The text itself is never quoted in an error."""
    if yaml is None:
        raise missing("PyYAML")
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        raise _problem(f"{what} is not valid YAML") from None
    if not isinstance(data, dict):
        raise _problem(f"{what} is not a kubeconfig")
    return data


def _read_file(path: str) -> dict[str, Any]:
    """A kubeconfig file as data. Hosts usually share one file, so it is parsed once for each state it has."""
    try:
        stat = os.stat(path)
        key = (path, stat.st_mtime, stat.st_size)
        with _parsed_lock:
            if key not in _parsed:
                with open(path, encoding="utf-8") as stream:
                    _parsed[key] = _parse(stream.read(), f"the kubeconfig {path}")
            return _parsed[key]
    except OSError as error:
        raise _problem(
            f"the kubeconfig {path} cannot be read: {error.strerror}", "correct cluster_kubeconfig for this host"
        ) from None
    except UnicodeDecodeError:
        raise _problem(f"the kubeconfig {path} is not text") from None


@dataclass(frozen=True)
class _Config:
    """Clusters, users and contexts by name, each with the folder that its relative paths start from."""

    source: str
    current: str
    entries: Mapping[str, Mapping[str, tuple[str, dict[str, Any]]]]

    def get(self, kind: str, name: str) -> tuple[str, dict[str, Any]]:
        if name not in self.entries[kind]:
            there = ", ".join(sorted(self.entries[kind])[:10]) or "none"
            raise _problem(f"{self.source} has no {kind} {name!r} (there is {there})")
        return self.entries[kind][name]


def _load(kubeconfig: Any) -> _Config:
    """Merge kubeconfig data: a mapping, a path, or several paths separated like PATH; the first of a name wins, as in kubectl."""
    if isinstance(kubeconfig, Mapping):
        parts = [("the inline kubeconfig", os.getcwd(), dict(kubeconfig))]
    else:
        paths = [os.path.expanduser(p) for p in str(kubeconfig).split(os.pathsep) if p]
        if len(paths) > 1:
            paths = [p for p in paths if os.path.exists(p)] or paths[:1]
        parts = [(p, os.path.dirname(os.path.abspath(p)), _read_file(p)) for p in paths]
    current = ""
    entries: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {"context": {}, "cluster": {}, "user": {}}
    for _source, base, data in parts:
        current = current or str(data.get("current-context") or "")
        for kind, known in entries.items():
            for item in data.get(kind + "s") or []:
                if isinstance(item, dict) and isinstance(item.get(kind), dict):
                    known.setdefault(str(item.get("name")), (base, item[kind]))
    return _Config(", ".join(source for source, _base, _data in parts), current, entries)


@dataclass(frozen=True)
class Context:
    """One context: its name, the kubeconfig to use with it (a path, or several separated like PATH), and what it points to."""

    name: str
    kubeconfig: str
    server: str
    user: str
    current: bool


def list_contexts(paths: Sequence[str]) -> tuple[list[Context], list[str]]:
    """The contexts of these kubeconfig files, in their order; of two with one name the first counts, as in kubectl.

    Returns them with what is wrong with files that cannot be read, or contexts that lead nowhere; the others are not affected.
    """
    found: dict[str, Context] = {}
    problems: list[str] = []
    readable: list[str] = []
    for path in paths:
        try:
            _load(path)
            readable.append(path)
        except (MemberError, AttributeError, TypeError) as error:
            message = error.message if isinstance(error, MemberError) else f"{path} is not a kubeconfig"
            problems.append(f"{message}: left out")
    together = os.pathsep.join(readable)
    current = _load(together).current if readable else ""
    for path in readable:
        for name, (_base, context) in _load(path).entries["context"].items():
            if name in found:
                continue
            for kubeconfig in dict.fromkeys((path, together)):  # a context may name a cluster of another file
                cluster = _load(kubeconfig).entries["cluster"].get(str(context.get("cluster")))
                server = str(cluster[1].get("server") or "") if cluster else ""
                if server:
                    user = str(context.get("user") or "")
                    found[name] = Context(name, kubeconfig, server, user, name == current)
                    break
            else:
                problems.append(f"context {name} of {path} names no cluster with a server: left out")
    return list(found.values()), problems


def _text(path: str, what: str) -> str:
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as stream:
            return stream.read()
    except OSError as error:
        raise _problem(f"the {what} {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _problem(f"the {what} {path} is not text in PEM form") from None


def _pem(entry: Mapping[str, Any], key: str, base: str) -> str:
    """PEM text from ``<key>-data`` (base64) or from the file named by ``<key>``; "" when neither is given."""
    data = entry.get(f"{key}-data")
    if data:
        try:
            return base64.b64decode("".join(str(data).split()), validate=True).decode()
        except (binascii.Error, ValueError):
            raise _problem(f"{key}-data in the kubeconfig is not base64") from None
    return _text(os.path.join(base, entry[key]), key) if entry.get(key) else ""


def _exec_plugin(spec: Any, base: str) -> ExecPlugin:
    if not isinstance(spec, Mapping) or not spec.get("command"):
        raise _problem("the exec entry of the kubeconfig names no command")
    command = str(spec["command"])
    if os.path.dirname(command):
        command = os.path.join(base, command)  # as kubectl does; a bare name is looked up in PATH
    env = tuple((str(e["name"]), str(e["value"])) for e in spec.get("env") or [])
    return ExecPlugin(
        command=command,
        args=tuple(str(a) for a in spec.get("args") or []),
        env=env,
        api_version=str(spec.get("apiVersion") or "client.authentication.k8s.io/v1"),
        provide_cluster_info=bool(spec.get("provideClusterInfo")),
        install_hint=str(spec.get("installHint") or ""),
    )


def _from_kubeconfig(config: _Config, context: str) -> dict[str, Any]:
    """The fields of an Endpoint, out of one context."""
    if not context and not config.current:
        raise _problem(f"{config.source} has no current-context", "set cluster_context for this host")
    _base, chosen = config.get("context", context or config.current)
    base, cluster = config.get("cluster", str(chosen.get("cluster")))
    if not cluster.get("server"):
        raise _problem(f"{config.source}: cluster {chosen.get('cluster')!r} has no server")
    fields: dict[str, Any] = {
        "server": str(cluster["server"]),
        "ca": _pem(cluster, "certificate-authority", base),
        "verify": not cluster.get("insecure-skip-tls-verify"),
        "tls_server_name": str(cluster.get("tls-server-name") or ""),
        "proxy": str(cluster.get("proxy-url") or ""),
    }
    if not chosen.get("user"):
        return fields
    base, user = config.get("user", str(chosen["user"]))
    token_file = str(user.get("tokenFile") or "")
    fields.update(
        token=str(user.get("token") or ""),
        token_file=os.path.join(base, token_file) if token_file else "",
        username=str(user.get("username") or ""),
        password=str(user.get("password") or ""),
        client_cert=_pem(user, "client-certificate", base),
        client_key=_pem(user, "client-key", base),
        impersonate_user=str(user.get("as") or ""),
        impersonate_groups=tuple(str(g) for g in user.get("as-groups") or ()),
    )
    if user.get("exec") is not None:
        fields["exec_plugin"] = _exec_plugin(user["exec"], base)
    if isinstance(user.get("auth-provider"), Mapping):
        fields["auth_provider"] = str(user["auth-provider"].get("name") or "")
    return fields


def _as_bool(value: Any) -> bool:
    return value.strip().lower() not in ("", "0", "no", "false", "off") if isinstance(value, str) else bool(value)


def _from_context(name: str, given: Mapping[str, Any], own: bool, environ: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an Endpoint from a kubeconfig. ``own``: the member names it itself, so its current context is the member's."""
    if "kubeconfig_data" in given:
        given = {**given, "kubeconfig": _parse(str(given["kubeconfig_data"]), "kubeconfig_data")}
    kubeconfig = given.get("kubeconfig") or environ.get("KUBECONFIG") or os.path.join("~", ".kube", "config")
    try:
        return _from_kubeconfig(_load(kubeconfig), str(given.get("context") or ("" if own else name)))
    except (TypeError, KeyError, AttributeError):
        where = kubeconfig if isinstance(kubeconfig, str) else "that was given"
        raise _problem(f"the kubeconfig {where} is not of the shape that kubectl writes") from None


def _explicit(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an Endpoint that options name directly."""
    renamed = {"host": "server", "api_key": "token"}
    texts = ("host", "api_key", "username", "password", "proxy", "tls_server_name", "impersonate_user")
    fields: dict[str, Any] = {renamed.get(option, option): str(given[option]) for option in texts if option in given}
    for option, key in (("ca_cert", "ca"), ("client_cert", "client_cert"), ("client_key", "client_key")):
        if option in given:
            value = str(given[option])
            fields[key] = value if "-----BEGIN" in value else _text(value, option)
    if "validate_certs" in given:
        fields["verify"] = _as_bool(given["validate_certs"])
    if "impersonate_groups" in given:
        groups = given["impersonate_groups"]
        fields["impersonate_groups"] = tuple(groups.split(",") if isinstance(groups, str) else groups)
    return fields


def resolve(name: str, options: Mapping[str, Any], environ: Mapping[str, str]) -> Endpoint:
    """The endpoint of the member ``name``.

    Options win over the kubeconfig they are used with; the environment is asked for what neither says. A kubeconfig that the
    member does not name itself (from the environment, or the user's own) is used with the context called like the member, never
    with its current context: a member that silently is another cluster would be worse than an error.
    """
    given = {k: v for k, v in options.items() if k in CONNECTION_OPTIONS and v not in (None, "")}
    own = "kubeconfig" in given or "kubeconfig_data" in given
    if not own and "host" not in given:
        defaults = {option: environ[variable] for option, variable in ENVIRONMENT.items() if environ.get(variable)}
        given = {**defaults, **given}
    fields: dict[str, Any] = {}
    if own or "kubeconfig" in given or "host" not in given:
        fields = _from_context(name, given, own, environ)
    explicit = _explicit(given)
    if any(explicit.get(key) for key in ("token", "username", "client_cert")):
        # one identity: that of the kubeconfig does not shine through
        fields = {key: value for key, value in fields.items() if key not in _IDENTITY}
    fields.update(explicit)
    if not fields["server"].startswith(("https://", "http://")):
        raise _problem(f"the server {fields['server']!r} is not a URL that starts with https://")
    return Endpoint(**fields)


def check_connection(name: str, options: Mapping[str, Any]) -> None:
    """ConfigError for shapes that no member can have; what a member lacks shows when it is connected to."""
    kubeconfig = options.get("kubeconfig")
    if kubeconfig is not None and not isinstance(kubeconfig, (str, Mapping)):
        raise ConfigError(f"{name}: kubeconfig must be a path or the contents of a kubeconfig")
