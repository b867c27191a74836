"""Where a pod may run: node selectors and affinity, tolerations, affinity between pods, and topology spread."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import get_args

from pydantic import ValidationError

from aurora.cluster.readers.kubernetes.fields import (
    Object,
    mapping,
    named,
    nested,
    objects,
    text,
    text_map,
    texts,
    whole,
)
from aurora.cluster.readers.notes import Notes
from aurora.cluster.snapshot import Affinity, Requirement, Spread, Taint, Term, Toleration
from aurora.errors import DataError
from aurora.validation import explain_validation

NODE_NAME = "metadata.name"
"""Key of a requirement on the node's name (`matchFields`)."""

NEVER: Term = (Requirement(key=NODE_NAME, operator="In"),)
"""Term that nothing meets: an empty term of a node selector, a null selector of pods."""

MAX_TERMS = 64
"""Most terms that the node affinities of a pod and of its volumes make together."""

DEFAULT_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
DEFAULT_SECONDS = 300
"""Seconds for which the API server lets every pod tolerate a node that does not report (DefaultTolerationSeconds)."""

_OPERATORS = get_args(Requirement.model_fields["operator"].annotation)


class Namespaces:
    """The namespaces of a cluster, for selectors on their labels.

    Args:
        names: All namespaces that are known.
        labels: Labels of those that are listed.
    """

    def __init__(self, names: frozenset[str], labels: Mapping[str, Mapping[str, str]]) -> None:
        self.names = names
        self.labels = labels

    def selected(self, selector: Term, subject: str, notes: Notes) -> tuple[str, ...]:
        """Return the namespaces that a selector means."""
        if selector and not self.labels:
            notes.assumed(
                "namespaces-not-listed",
                "a selector on namespaces is taken to mean all, because the namespaces' labels are not listed",
                subject,
            )
            return tuple(sorted(self.names))
        return tuple(sorted(n for n in self.names if all(holds(r, self.labels.get(n, {})) for r in selector)))


def holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    """Return whether labels of pods or namespaces meet a requirement."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
    return value is None


def requirements(parent: Object, key: str) -> Term:
    """Return the expressions of a selector.

    Raises:
        DataError: One is not what it should be.
    """
    return tuple(_requirement(e, f"{key}[{n}]") for n, e in enumerate(objects(parent, key)))


def _requirement(expression: Object, where: str) -> Requirement:
    operator = text(expression, "operator")
    if operator not in _OPERATORS:
        raise DataError(f"{where}.operator: {operator[:40]!r} is none of {', '.join(_OPERATORS)}")
    try:
        return Requirement(key=named(expression, "key"), operator=operator, values=texts(expression, "values"))
    except ValidationError as error:
        raise DataError(f"{where}: {explain_validation(error)}") from None
    except DataError as error:
        raise DataError(f"{where}.{error}") from None


def label_selector(parent: Object, key: str) -> Term | None:
    """Return a selector on labels: `matchLabels` and `matchExpressions`; None where it is absent or null.

    Raises:
        DataError: It is not what it should be.
    """
    if parent.get(key) is None:
        return None
    selector = mapping(parent, key)
    labels = text_map(selector, "matchLabels")
    return (
        *(Requirement(key=k, operator="In", values=(v,)) for k, v in labels.items()),
        *requirements(selector, "matchExpressions"),
    )


def node_terms(selector: Object) -> tuple[Term, ...]:
    """Return the terms of a node selector, of which one must hold; those of field and label expressions.

    Raises:
        DataError: An expression is not what it should be.
    """
    return tuple(_node_term(t) for t in objects(selector, "nodeSelectorTerms"))


def _node_term(term: Object) -> Term:
    found = (*requirements(term, "matchExpressions"), *requirements(term, "matchFields"))
    return found or NEVER


def joined(first: tuple[Term, ...], second: tuple[Term, ...]) -> tuple[Term, ...] | None:
    """Return terms that hold where both hold; None if they are too many."""
    if not first or not second:
        return first or second
    if len(first) * len(second) > MAX_TERMS:
        return None
    return tuple((*a, *b) for a, b in product(first, second))


def node_affinity(spec: Object) -> tuple[Term, ...]:
    """Return the required node affinity of a pod; empty: none.

    Raises:
        DataError: An expression is not what it should be.
    """
    return node_terms(nested(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"))


def preferred_nodes(spec: Object) -> tuple[tuple[int, Term], ...]:
    """Return the weights and terms of the preferred node affinity of a pod.

    Raises:
        DataError: An expression is not what it should be.
    """
    wishes = objects(nested(spec, "affinity", "nodeAffinity"), "preferredDuringSchedulingIgnoredDuringExecution")
    terms = [(whole(w, "weight") or 1, _node_term(mapping(w, "preference"))) for w in wishes]
    return tuple((weight, term) for weight, term in terms if term is not NEVER)


def tolerations(spec: Object, subject: str, notes: Notes) -> tuple[Toleration, ...]:
    """Return the tolerations of a pod.

    Raises:
        DataError: A field is not what it should be.
    """
    found = []
    for toleration in objects(spec, "tolerations"):
        operator = text(toleration, "operator") or "Equal"
        if operator not in ("Equal", "Exists"):
            notes.not_represented(
                "toleration-operator",
                "tolerations that compare numbers are left out: the taint keeps the pod away",
                subject,
            )
            continue
        if toleration.get("tolerationSeconds") is not None and not _is_default(toleration):
            whole(toleration, "tolerationSeconds")
            notes.not_represented(
                "toleration-seconds",
                "tolerationSeconds: how long a pod stays on a node that fails; it is taken to leave at once",
                subject,
            )
        found.append(
            Toleration(
                key=text(toleration, "key") or None,
                operator="Exists" if operator == "Exists" else "Equal",
                value=text(toleration, "value"),
                effect=text(toleration, "effect") or None,
            )
        )
    return tuple(found)


def _is_default(toleration: Object) -> bool:
    """Return whether the API server gave a toleration to every pod: five minutes on a node that does not report."""
    return text(toleration, "key") in DEFAULT_TOLERATED and whole(toleration, "tolerationSeconds") == DEFAULT_SECONDS


def taints(spec: Object) -> tuple[Taint, ...]:
    """Return the taints of a node.

    Raises:
        DataError: A field is not what it should be.
    """
    found = []
    for number, taint in enumerate(objects(spec, "taints")):
        effect = text(taint, "effect")
        if effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
            raise DataError(
                f"spec.taints[{number}].effect: {effect[:40]!r} is none of NoSchedule, PreferNoSchedule, NoExecute"
            )
        found.append(Taint(key=named(taint, "key"), value=text(taint, "value"), effect=effect))
    return tuple(found)


def affinities(
    spec: Object, labels: Mapping[str, str], spaces: Namespaces, subject: str, notes: Notes
) -> tuple[Affinity, ...]:
    """Return the affinities of a pod to other pods, and its anti-affinities.

    Raises:
        DataError: A field is not what it should be.
    """
    found = []
    for key, is_anti in (("podAffinity", False), ("podAntiAffinity", True)):
        rules = nested(spec, "affinity", key)
        required = [(t, 1, True) for t in objects(rules, "requiredDuringSchedulingIgnoredDuringExecution")]
        preferred = [
            (mapping(t, "podAffinityTerm"), whole(t, "weight", least=0) or 1, False)
            for t in objects(rules, "preferredDuringSchedulingIgnoredDuringExecution")
        ]
        for term, weight, is_required in (*required, *preferred):
            selector = label_selector(term, "labelSelector")
            if selector is None:
                if not is_required or is_anti:  # selects no pod: no effect
                    continue
                selector = NEVER
            found.append(
                Affinity(
                    topology_key=named(term, "topologyKey"),
                    selector=(*selector, *_own_labels(term, labels)),
                    namespaces=_namespaces(term, spaces, subject, notes),
                    is_anti=is_anti,
                    is_required=is_required,
                    weight=min(weight, 100),
                )
            )
    return tuple(found)


def _namespaces(term: Object, spaces: Namespaces, subject: str, notes: Notes) -> tuple[str, ...]:
    listed = texts(term, "namespaces")
    selector = label_selector(term, "namespaceSelector")
    if selector is None:
        return listed
    return tuple(sorted({*listed, *spaces.selected(selector, subject, notes)}))


def _own_labels(term: Object, labels: Mapping[str, str]) -> Term:
    """Return requirements for `matchLabelKeys` and `mismatchLabelKeys`, with the pod's own values."""
    same = [(k, "In") for k in texts(term, "matchLabelKeys")]
    other = [(k, "NotIn") for k in texts(term, "mismatchLabelKeys")]
    return tuple(
        Requirement(key=k, operator=operator, values=(labels[k],)) for k, operator in (*same, *other) if k in labels
    )


def spreads(spec: Object, labels: Mapping[str, str], subject: str, notes: Notes) -> tuple[Spread, ...]:
    """Return the topology spread constraints of a pod.

    Raises:
        DataError: A field is not what it should be.
    """
    found = []
    for rule in objects(spec, "topologySpreadConstraints"):
        selector = label_selector(rule, "labelSelector")
        if text(rule, "nodeAffinityPolicy", "Honor") != "Honor" or text(rule, "nodeTaintsPolicy", "Ignore") != "Ignore":
            notes.not_represented(
                "spread-policies",
                "nodeAffinityPolicy and nodeTaintsPolicy of a topology spread are taken as their defaults",
                subject,
            )
        found.append(
            Spread(
                topology_key=named(rule, "topologyKey"),
                max_skew=whole(rule, "maxSkew", least=1) or 1,
                selector=NEVER if selector is None else (*selector, *_own_labels(rule, labels)),
                is_required=text(rule, "whenUnsatisfiable", "DoNotSchedule") != "ScheduleAnyway",
                min_domains=whole(rule, "minDomains", least=1) or 1,
            )
        )
    return tuple(found)
