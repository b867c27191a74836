"""`schema` and `new` of `aurora scenarios` and `aurora policies`: the format of files, and examples of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import typer

from aurora.cli import options
from aurora.cli.terminal.output import note
from aurora.errors import FileError

_OUT = options.path(None, help="File to write instead of stdout; it must not exist yet.")
_MARKDOWN = typer.Option(False, "--markdown", help="Print the page of the documentation instead of the JSON schema.")


def scenario_schema(
    spec: bool = typer.Option(False, "--spec", help="Print the schema of specs instead."),
    markdown: bool = _MARKDOWN,
) -> None:
    """Print the JSON schema of scenario files: every field with its unit.

    Example: aurora scenarios schema
    """
    if spec and markdown:
        raise options.usage_error("--markdown", "the page is about scenarios; leave out --spec")
    _schema("spec" if spec else "scenario", markdown=markdown)


def policy_schema(markdown: bool = _MARKDOWN) -> None:
    """Print the JSON schema of policy files.

    Example: aurora policies schema
    """
    _schema("policy", markdown=markdown)


def new_scenario(out: Path | None = _OUT) -> None:
    """Write a small example scenario that can be simulated at once.

    Example: aurora scenarios new --out my-cluster.json
    """
    shown = "FILE" if out is None else str(out)
    _new(
        "scenario",
        out,
        "two nodes, three tasks, a node that fails; times in seconds, memory in GiB, prices in $/h, power in watts\n"
        "every field: aurora scenarios schema, or docs/reference/scenario-format.md\n"
        f"try it: aurora simulate {shown} cheapest",
    )


def new_policy(out: Path | None = _OUT) -> None:
    """Write a small example policy that can be simulated at once.

    Example: aurora policies new --out my-policy.json
    """
    shown = "FILE" if out is None else str(out)
    _new(
        "policy",
        out,
        "order: the lowest waiting task is next; the first rule whose `when` holds scores candidates, highest wins\n"
        "every field: aurora policies schema, or docs/reference/policy-format.md; "
        "features: docs/reference/policy-language.md\n"
        f"try it: aurora simulate SCENARIO {shown}, or aurora compare SCENARIO --policies first_fit,cheapest,{shown}",
    )


def _schema(kind: Literal["scenario", "spec", "policy"], *, markdown: bool) -> None:
    from aurora.sim.formats import page, schema  # heavy, used here only

    if markdown and kind != "spec":
        typer.echo(page(kind), nl=False)
    else:
        typer.echo(json.dumps(schema(kind), indent=2))


def _new(kind: Literal["scenario", "policy"], out: Path | None, guidance: str) -> None:
    from aurora.files import write_atomically  # heavy siblings
    from aurora.sim.formats import FORMATS  # heavy, used here only

    text = FORMATS[kind].example
    if out is None:
        typer.echo(text, nl=False)
    else:
        if out.exists():
            raise FileError(f"{out} is there already; give --out the name of a new file")
        write_atomically(out, text)
        note(f"wrote {out}")
    note(guidance)
