"""Tables of the documentation that the code declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping

from aurora.agents.arena.sources import SOURCES
from aurora.agents.models.providers import PROVIDERS
from aurora.agents.roles.defender import DEFENDER_TOOLS
from aurora.errors import AuroraError
from aurora.learning.forecasting.models.members import MEMBERS
from aurora.sim.objectives import OBJECTIVES
from aurora.sim.policies.features import feature_table
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.generators import FAMILIES, TEST_FAMILIES
from aurora.tools.registry import TOOLS


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(head), *(tuple(row) for row in rows)]
    width = len(lines[0])
    text = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * width, *text[1:]])


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def _references() -> str:
    rows = ((f"`{name}`", policy.policy_description.replace("|", "\\|")) for name, policy in REFERENCES.items())
    return _table(("policy", "rule"), rows)


def _objectives() -> str:
    rows = (
        (f"`{o.name}`", o.meaning, o.unit, o.target or "none: the score is the share of tasks that kept their SLA")
        for o in OBJECTIVES
    )
    return _table(("objective", "amount", "unit", "target"), rows)


def _tools() -> str:
    rows = (
        (f"`{name}`", tool.effect, "yes" if name in DEFENDER_TOOLS else "", _first_line(tool.run))
        for name, tool in sorted(TOOLS.items())
    )
    return _table(("tool", "effect", "defender", "what it does"), rows)


def _families() -> str:
    rows = [(f"`{n}`", f.domain, f.meaning, "") for n, f in FAMILIES.items()]
    rows += [(f"`{n}`", f.domain, f.meaning, "test only") for n, f in TEST_FAMILIES.items()]
    return _table(("family", "domain", "tasks", "for"), rows)


def _sources() -> str:
    rows = ((f"`{name}`", row.about, row.data or "none") for name, row in SOURCES.items())
    return _table(("source", "scenarios", "files in `--data`"), rows)


def _members() -> str:
    rows = (
        (f"`{name}`", "yes" if row.is_trained else "", f"{row.prior:g}" if row.prior else "compared only")
        for name, row in MEMBERS.items()
    )
    return _table(("model", "trained", "weight in the blend before any data"), rows)


def _providers() -> str:
    return ", ".join(f"`{name}`" for name in PROVIDERS)


def _descendants(parent: type[AuroraError]) -> Iterator[type[AuroraError]]:
    yield parent
    for child in parent.__subclasses__():
        if child.__module__ == AuroraError.__module__:
            yield from _descendants(child)


def _errors() -> str:
    classes = list(dict.fromkeys(_descendants(AuroraError)))
    return _table(
        ("class", "exit code", "raised when"), ((f"`{c.__name__}`", str(c.exit_code), _first_line(c)) for c in classes)
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "features": feature_table,
    "references": _references,
    "objectives": _objectives,
    "tools": _tools,
    "families": _families,
    "sources": _sources,
    "members": _members,
    "providers": _providers,
    "errors": _errors,
}
"""What writes each table, by the name in its comment."""
