"""The configuration of kube-scheduler that makes it ask the extender."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

from aurora.errors import InputError

PROFILE = "aurora"
"""Name of the scheduler that pods ask for (`schedulerName`)."""
TlsFile = Literal["caFile", "certFile", "keyFile"]
"""Files of `tlsConfig`: the authority of the extender's certificate, and kube-scheduler's own certificate and key."""
MAX_WEIGHT = 1_000_000


def scheduler_configuration(  # noqa: PLR0913  # keys of the file
    url: str,
    *,
    profile: str = PROFILE,
    weight: int = 100,
    timeout: float = 2.0,
    nodes_cached: bool = True,
    resources: Sequence[str] = (),
    tls_files: Mapping[TlsFile, str] | None = None,
    has_bind: bool = False,
) -> str:
    """Return a `KubeSchedulerConfiguration` (v1) as YAML.

    The profile keeps kube-scheduler's filters and turns its scores off, so that the policy decides among the nodes that
    fit. If the extender does not answer, pods are scheduled without it (`ignorable`).

    Args:
        url: Address of the extender, as kube-scheduler reaches it.
        profile: `schedulerName` of the pods concerned.
        weight: Factor of the extender's scores.
        timeout: Seconds for an answer.
        nodes_cached: Whether only names of nodes are sent.
        resources: Extended resources; only pods that ask for one of them are then asked about.
        tls_files: Files on kube-scheduler's machine for HTTPS.
        has_bind: Whether the extender binds pods.

    Raises:
        InputError: The address is none, the weight is out of range, or certificates go with plain HTTP.
    """
    if not url.startswith(("http://", "https://")) or not url.isprintable() or " " in url:
        raise InputError("give http://HOST:PORT or https://HOST:PORT", parameter="url", value=url)
    if not 1 <= weight <= MAX_WEIGHT:
        raise InputError(f"from 1 to {MAX_WEIGHT:,}", parameter="weight", value=weight)
    is_secure = url.startswith("https://")
    if tls_files and not is_secure:
        raise InputError("certificates go with https://", parameter="url", value=url)
    lines = [
        "apiVersion: kubescheduler.config.k8s.io/v1",
        "kind: KubeSchedulerConfiguration",
        "profiles:",
        f"- schedulerName: {_text(profile)}",
        "  plugins:",
        "    score:",
        "      disabled:",
        '      - name: "*"  # the policy alone scores; without this, weight decides how much it counts',
        "extenders:",
        f"- urlPrefix: {_text(url)}",
        "  filterVerb: filter",
        "  prioritizeVerb: prioritize",
        *(["  bindVerb: bind"] if has_bind else []),
        f"  weight: {weight}",
        f"  httpTimeout: {round(1000 * timeout)}ms",
        f"  nodeCacheCapable: {str(nodes_cached).lower()}",
        "  ignorable: true  # without an answer, pods are scheduled as if there were no extender",
        f"  enableHTTPS: {str(is_secure).lower()}",
    ]
    if tls_files:
        lines.append("  tlsConfig:")
        lines += [f"    {name}: {_text(path)}" for name, path in tls_files.items()]
    if resources:
        lines.append("  managedResources:")
        for resource in resources:
            lines += [f"  - name: {_text(resource)}", "    ignoredByScheduler: false"]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """Return a text as YAML; JSON's quotes are YAML's."""
    plain = value.replace("-", "").replace(".", "").replace("/", "").isalnum() and value.isascii()
    return value if plain and not value[:1].isdigit() else json.dumps(value)
