"""`aurora policies`: policies of a run, the references, and the champions that ship."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import formats, options, rate_rl
from aurora.cli.terminal.output import emit_json, emit_table, note, say
from aurora.errors import PolicyError

app = typer.Typer(help="Policies of a run, the references and the shipped champions.", no_args_is_help=True)
app.command("rate")(rate_rl.rate)
app.command("new")(formats.new_policy)
app.command("schema")(formats.policy_schema)

_RUN = options.path(..., "--run", help="Run directory.")
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


@app.command("list")
def list_policies(
    run: Path | None = options.path(None, "--run", help="Run directory; without it, the references."),
    shipped: bool = typer.Option(False, "--shipped", help="List the champions that come with AURORA."),
    as_json: bool = _JSON,
) -> None:
    """List the policies of a run by Elo, the reference policies, or the shipped champions.

    Example: aurora policies list --shipped
    """
    from aurora.sim.policies.references import REFERENCES  # heavy, used here only

    if shipped:
        if run is not None:
            raise options.usage_error("--shipped", "they belong to no run; leave out --run")
        _list_shipped(as_json)
        return
    if run is None:
        rows = [{"policy_id": n, "description": p.policy_description} for n, p in REFERENCES.items()]
    else:
        from aurora.graphs.run_directory import open_archive  # heavy, used here only

        with open_archive(run) as store:
            keys = ("policy_id", "elo", "games", "origin", "iteration")
            rows = [{k: p[k] for k in keys} for p in store.top(10**9)]
    if as_json:
        emit_json(rows)
    elif rows:
        emit_table("policies", tuple(rows[0]), [tuple(r.values()) for r in rows])


def _list_shipped(as_json: bool) -> None:
    """Print the shipped champions, what each is for, and how far ahead of which reference."""
    from aurora.champions.shipped import shipped_champions  # heavy, used here only

    champions = shipped_champions()
    if as_json:
        emit_json([champion.summary() for champion in champions])
        return
    emit_table(
        "champions, each against the reference that comes closest on scenarios that it never met",
        ("name", "purpose", "closest reference", "ahead by [95 %]", "unit"),
        [
            (c.policy_name, c.purpose, d.reference, f"{d.mean:+.4f} [{d.low:+.4f}, {d.high:+.4f}]", c.provenance.unit)
            for c in champions
            for d in (c.judgement.closest,)
        ],
    )


@app.command()
def top(run: Path = _RUN, limit: int = options.count(10, help="Most policies listed."), as_json: bool = _JSON) -> None:
    """List the best policies of a run by Elo, with parents, expressions and results.

    Example: aurora policies top --run runs/generated-0 --limit 3 --json
    """
    from aurora.graphs.run_directory import open_archive  # heavy, used here only
    from aurora.memory.names import policy_name

    with open_archive(run) as store:
        rows = [{"name": policy_name(p["policy_id"], p["origin"]), **p} for p in store.top(limit)]
    if as_json:
        emit_json(rows)
        return
    emit_table(
        "policies by Elo",
        ("policy", "elo", "games", "iteration", "parents"),
        [(p["name"], f"{p['elo']:.0f}", p["games"], p["iteration"] + 1, " ".join(p["parents"])) for p in rows],
    )


@app.command()
def show(
    policy: str = options.policy_argument(
        help="Id or name of a policy in the run, name of a reference or champion, or policy file."
    ),
    run: Path | None = options.path(None, "--run", help="Run directory."),
    as_json: bool = _JSON,
) -> None:
    """Show a policy in readable form.

    Example: aurora policies show fgd
    """
    from aurora.champions.champion import PREFIX  # heavy, used here only
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.champions.shipped import shipped_champion  # heavy, used here only
    from aurora.champions.telling import provenance_text  # heavy, used here only
    from aurora.sim.policies.compiler import readable  # heavy, used here only

    if run is None:
        shown = load_policy(policy)
    else:
        from aurora.graphs.run_directory import open_archive  # heavy, used here only

        with open_archive(run) as store:
            shown = store.policy(policy)
    if as_json:
        typer.echo(shown.model_dump_json(indent=2))
        return
    say(f"{shown.policy_id}: {shown.policy_description}\n{readable(shown)}")
    if run is None and shown.policy_id.startswith(PREFIX) and policy == shown.policy_id:
        say("\n" + provenance_text(shipped_champion(policy)))


@app.command()
def export(
    run: Path = _RUN,
    out: Path = options.path(..., help="File to write."),
    best: bool = typer.Option(False, "--best", help="Export the champion, chosen on validation scenarios."),
    policy: str | None = options.text(None, help="Id or name of the policy to export instead."),
    as_json: bool = _JSON,
) -> None:
    """Write a policy to a file that other commands take.

    Example: aurora policies export --run runs/generated-0 --best --out champion.json
    """
    from aurora.files import write_atomically
    from aurora.sim.policies.policy import parse_policy  # heavy, used here only

    if best == (policy is not None):
        raise options.usage_error("--best", "give either --best or --policy ID")
    from aurora.graphs.run_directory import open_archive  # heavy, used here only

    with open_archive(run) as store:
        last = store.last_iteration()
        if last is None:
            raise PolicyError(f"the run in {run} has no finished iteration yet")
        exported = parse_policy(last[1]["champion"]) if policy is None else store.policy(policy)
    write_atomically(out, exported.model_dump_json(indent=2, exclude_none=True) + "\n")
    if as_json:
        emit_json({"policy_id": exported.policy_id, "out": str(out)})
    else:
        note(f"wrote {out}")
