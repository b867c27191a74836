"""The loop of `aurora chat`: lines of a person, commands that begin with a slash, answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from aurora.agents.operator.answer import Mode
from aurora.cli.chat.line import line_reader
from aurora.cli.chat.progress import Progress
from aurora.cli.chat.rendering import (
    arguments_text,
    print_answer,
    print_evidence,
    print_request,
    print_text,
)
from aurora.cli.terminal.output import emit_table, note, printable
from aurora.errors import AuroraError, InputError
from aurora.graphs.chat.conversation import Conversation, Step
from aurora.graphs.chat.graph import message_text
from aurora.graphs.chat.sessions import Sessions
from aurora.graphs.chat.state import MODES
from aurora.tools.registry import ROWS

MAX_NAMES = 5_000
"""Most names that are completed."""


class SlashCommand(NamedTuple):
    """A command of a conversation.

    Attributes:
        usage: How it is typed.
        help: What it does.
        run: What runs it; gets what follows the command.
    """

    usage: str
    help: str
    run: Callable[[Talk, str], None]


class Talk:
    """A conversation on a terminal, or with lines from a pipe.

    Args:
        conversation: The conversation.
        sessions: File that keeps it.
        another: Returns the operator of a model's name; "" for rules.
        mode: Mode to begin in; None: as it was.
    """

    def __init__(
        self, conversation: Conversation, sessions: Sessions, another: Callable[[str], Any], mode: Mode | None
    ) -> None:
        self.conversation = conversation
        self.sessions = sessions
        self.another = another
        self._mode = mode
        self.is_over = False

    @property
    def mode(self) -> Mode:
        """What the conversation may do."""
        return self._mode or self.conversation.mode

    def run(self) -> None:
        """Read lines until the end."""
        self._greet()
        read = line_reader(self.sessions.path.parent / "lines", self._words)
        while not self.is_over:
            try:
                line = read(f"aurora {self.mode}> ")
                if line is None:
                    _quit(self, "")
                elif line.strip():
                    self.say(line.strip())
            except KeyboardInterrupt:  # at the prompt, or while an answer is printed
                note("to leave: /quit")

    def say(self, line: str) -> None:
        """Take a line of a person: a command, or a question."""
        try:
            word, _, rest = line.partition(" ")
            second, _, others = rest.strip().partition(" ")
            if f"{word} {second}" in COMMANDS:
                word, rest = f"{word} {second}", others
            if word.startswith("/"):
                command = COMMANDS.get(word)
                if command is None:
                    raise InputError(f"there is no {printable(word)}; /help lists the commands")
                command.run(self, rest.strip())
            else:
                self.ask(line)
        except AuroraError as error:
            note(f"aurora: {printable(str(error))}")

    def ask(self, question: str) -> None:
        """Ask a question and print the answer."""
        mode, self._mode = self._mode, None
        self._took(lambda p: self.conversation.ask(question, mode=mode, **p.told))

    def decide(self, decision: dict[str, Any]) -> None:
        """Answer the question about a plan."""
        self._took(lambda p: self.conversation.decide(decision, **p.told))

    def _took(self, run: Callable[[Progress], Step]) -> None:
        try:
            with Progress() as progress:
                step = run(progress)
        except KeyboardInterrupt:
            self.conversation.stop()
            note("stopped; the conversation goes on")
            return
        if step.request is not None:
            print_request(step.request)
        elif step.answer is not None:
            print_answer(step.answer, step.shown)
        turns = self.conversation.turns
        self.sessions.touch(self.conversation.session_id, len(turns), turns[0].question if turns else "")

    def _greet(self) -> None:
        talk = self.conversation
        cluster = talk.surroundings.desk.cluster
        turns = len(talk.turns)
        note(
            f"{cluster.snapshot_id} ({cluster.system}): {len(cluster.nodes)} nodes, {len(cluster.tasks)} tasks, taken "
            f"{cluster.taken_at:%Y-%m-%d %H:%M} UTC. {_who(talk.surroundings.operator.name)} /help lists the commands."
        )
        if turns:
            note(f"conversation {talk.session_id} goes on after {turns} turns")
        unfinished = talk.unfinished
        if unfinished:
            note(f"the last turn was interrupted, and is taken up again: {unfinished}")
            self._took(lambda p: talk.go_on(**p.told))
        elif talk.request is not None:
            print_request(talk.request)

    def _words(self) -> Iterator[str]:
        yield from COMMANDS
        cluster = self.conversation.surroundings.desk.cluster
        names = (*cluster.nodes_by_id, *cluster.workloads_by_id, *cluster.tasks_by_id)
        yield from names[:MAX_NAMES]


def _who(name: str) -> str:
    if ":" in name:
        return f"{name} answers; every sentence is checked against what was looked up."
    return "Rules answer, without a model (--model PROVIDER:MODEL connects one)."


def _help(talk: Talk, rest: str) -> None:
    del talk, rest
    emit_table("commands", ("command", "meaning"), [(c.usage, c.help) for c in COMMANDS.values()])
    print_text("Everything else is a question, such as: why are pods pending? what if node-b1 fails? make a plan")


def _evidence(talk: Talk, rest: str) -> None:
    found = talk.conversation.evidence
    if not rest:
        rows = [(f"E{e.number}", f"{e.tool}({arguments_text(e.arguments)})", e.outcome) for e in found]
        emit_table("evidence", ("id", "call", "outcome"), rows)
        return
    number = rest.upper().removeprefix("E")
    match = next((e for e in found if str(e.number) == number), None)
    if match is None:
        raise InputError(f"there is no evidence {printable(rest)}; /evidence lists it")
    print_evidence(match)


def _why(talk: Talk, rest: str) -> None:
    _need(rest, "/why TASK")
    tasks = talk.conversation.surroundings.desk.cluster.tasks_by_id
    waits = rest in tasks and tasks[rest].state == "pending"
    talk.ask(rest if " " in rest else f"why is {rest} {'pending' if waits else 'on its node'}?")


def _what_if(talk: Talk, rest: str) -> None:
    _need(rest, "/whatif node-b1 fails")
    talk.ask(f"what if {rest.rstrip('?')}?")


def _plan(talk: Talk, rest: str) -> None:
    from aurora.cluster.plans import folder
    from aurora.graphs.chat.surroundings import now

    plans = talk.conversation.surroundings.desk.plans
    if rest:
        plan = folder.load(plans, rest)
        print_text(
            f"plan {plan.plan_id}, hash {plan.sha256[:12]}, by {plan.source}, until {plan.expires_at:%m-%d %H:%M} UTC"
        )
        emit_table(
            "changes",
            ("n", "subject", "change", "reason"),
            [(n, c.subject, "; ".join(_changes(c)), c.reason) for n, c in enumerate(plan.changes, 1)],
        )
        for risk in plan.risks:
            print_text(f"risk: {risk.message}")
        return
    rows = [
        (p.plan.plan_id, p.status, len(p.plan.changes), p.plan.snapshot_id, f"{p.plan.created_at:%m-%d %H:%M}")
        for p in folder.list_plans(plans, now())
    ]
    emit_table("plans", ("plan", "status", "changes", "system", "made"), rows)


def _plan_edit(talk: Talk, rest: str) -> None:
    """Make another plan; where a person is asked about the plan, they are asked about the other one then."""
    from aurora.cluster.plans.edit_language import parse_edit
    from aurora.tools.plan_edits import edited_as_asked

    wanted = parse_edit(rest)
    request = talk.conversation.request
    if talk.mode == "read":
        raise InputError("this writes a plan, and the conversation only reads; /mode plan")
    made = edited_as_asked(
        talk.conversation.surroundings.desk,
        _plan_id(talk, wanted.plan_id),
        without=wanted.without,
        asks=wanted.asks,
        command=f"/plan edit {rest}",
    )
    replaced = made.provenance.edited_from if made.provenance is not None else None
    action = request["action_requests"][0] if request is not None else None
    if action is not None and replaced == action["args"]["sha256"]:
        args = {**action["args"], "plan_id": made.plan_id}
        talk.decide({"type": "edit", "edited_action": {"name": action["name"], "args": args}})
        return
    _plan(talk, made.plan_id)
    print_text(f"To apply it: {'' if talk.mode == 'apply' else '/mode apply, then '}/apply {made.plan_id}.")


def _changes(change: Any) -> list[str]:
    from aurora.cluster.plans.plan import diff_of

    return [line.removeprefix(f"{change.subject}: ") for line in diff_of(change)]


def _diff(talk: Talk, rest: str) -> None:
    from aurora.cluster.plans import folder
    from aurora.cluster.plans.plan import diff

    plan = folder.load(talk.conversation.surroundings.desk.plans, _plan_id(talk, rest))
    print_text("\n".join(f"- {line}" for line in diff(plan)))


def _plan_id(talk: Talk, rest: str) -> str:
    """Return the plan that is meant: the one named, the one asked about, or the newest."""
    if rest:
        return rest
    request = talk.conversation.request
    if request is not None:
        return str(request["action_requests"][0]["args"]["plan_id"])
    from aurora.cluster.plans import folder
    from aurora.graphs.chat.surroundings import now

    plans = folder.list_plans(talk.conversation.surroundings.desk.plans, now())
    if not plans:
        raise InputError("there is no plan yet; ask for one in mode plan")
    return plans[0].plan.plan_id


def _approve(talk: Talk, rest: str) -> None:
    request = talk.conversation.request
    if request is None:
        talk.ask(f"/apply {_plan_id(talk, rest)}")
        return
    asked = str(request["action_requests"][0]["args"]["plan_id"])
    if rest and not asked.startswith(rest.lower()):
        raise InputError(f"the question is about plan {asked}, not {printable(rest)}")
    talk.decide({"type": "approve"})


def _apply(talk: Talk, rest: str) -> None:
    if talk.conversation.request is not None:
        raise InputError("a plan waits for an answer already; /approve, /edit or /reject it")
    talk.ask(f"/apply {_plan_id(talk, rest)}")


def _edit(talk: Talk, rest: str) -> None:
    request = _asked(talk)
    numbers = rest.replace(",", " ").split()
    if not numbers or not all(n.isdigit() for n in numbers):
        raise InputError("say which changes to leave out, such as /edit 2,3; /plan ID numbers them")
    action = request["action_requests"][0]
    args = {**action["args"], "without": [int(n) for n in numbers]}
    talk.decide({"type": "edit", "edited_action": {"name": action["name"], "args": args}})


def _reject(talk: Talk, rest: str) -> None:
    _asked(talk)
    talk.decide({"type": "reject", "message": rest})


def _rollback(talk: Talk, rest: str) -> None:
    talk.ask(f"/rollback {_plan_id(talk, rest)}")


def _asked(talk: Talk) -> dict[str, Any]:
    request = talk.conversation.request
    if request is None:
        raise InputError("no plan waits for an answer; /plan lists the plans")
    return request


def _mode(talk: Talk, rest: str) -> None:
    if rest and rest not in MODES:
        raise InputError(f"there are the modes {', '.join(MODES)}")
    talk.ask(f"/mode {rest}".rstrip())


def _refresh(talk: Talk, rest: str) -> None:
    del rest
    talk.ask("/refresh")


def _tools(talk: Talk, rest: str) -> None:
    del rest
    names = talk.conversation.surroundings.tools
    emit_table("tools", ("tool", "effect"), [(n, ROWS[n].effect) for n in names])


def _model(talk: Talk, rest: str) -> None:
    if not rest:
        print_text(_who(talk.conversation.surroundings.operator.name))
        return
    operator = talk.another("" if rest == "rules" else rest)
    talk.conversation.replace(replace(talk.conversation.surroundings, operator=operator))
    talk.sessions.set_model(talk.conversation.session_id, operator.name if ":" in operator.name else "")
    print_text(_who(operator.name))


def _cost(talk: Talk, rest: str) -> None:
    del rest
    model = getattr(talk.conversation.surroundings.operator, "model", None)
    calls = talk.conversation.evidence
    print_text(f"{len(calls)} tool calls, {sum(e.seconds for e in calls):.1f} s")
    if model is None:
        print_text("no model was called, so nothing was paid")
        return
    spent = model.purse.spent
    dollars = f"${spent.dollars:.4f}" if model.price is not None else "price not known"
    print_text(
        f"since this start: {spent.calls} answers of {model.name_}, {spent.tokens_in:,} tokens in, "
        f"{spent.tokens_out:,} out, {dollars}, {spent.seconds:.0f} s"
    )


def _sessions(talk: Talk, rest: str) -> None:
    word, _, name = rest.partition(" ")
    if word == "rename":
        talk.sessions.rename(talk.conversation.session_id, name)
    elif word == "delete":
        row = talk.sessions.find(name)
        if row.session_id == talk.conversation.session_id:
            raise InputError("this is the conversation that you are in; delete it from another one")
        talk.sessions.delete(row.session_id)
    elif word:
        raise InputError("write /sessions, /sessions rename NAME, or /sessions delete ID")
    rows = [
        (r.session_id, r.title or "-", r.turns, r.snapshot, r.model or "rules", r.used_at[:16].replace("T", " "))
        for r in talk.sessions.list()
    ]
    emit_table("conversations", ("id", "name", "turns", "snapshot", "answers", "used, UTC"), rows)


def _save(talk: Talk, rest: str) -> None:
    from aurora.files import write_atomically

    _need(rest, "/save FILE.md, or FILE.json")
    path = Path(rest)
    turns = talk.conversation.turns
    if path.suffix == ".json":
        whole = {
            "session": talk.conversation.session_id,
            "turns": [t.model_dump(mode="json") for t in turns],
            "evidence": [e._asdict() for e in talk.conversation.evidence],
        }
        text = json.dumps(whole, indent=2)
    else:
        text = "\n\n".join(f"## {t.question}\n\n{message_text(t.answer)}" for t in turns)
        calls = [
            f"### E{e.number}: {e.tool}({arguments_text(e.arguments)})\n\n    {e.text}"
            for e in talk.conversation.evidence
        ]
        text += "\n\n# Evidence\n\n" + "\n\n".join(calls)
    write_atomically(path, text + "\n")
    note(f"wrote {path}")


def _quit(talk: Talk, rest: str) -> None:
    del rest
    talk.is_over = True
    if talk.conversation.turns:
        note(f"to go on: aurora chat --resume {talk.conversation.session_id}")


def _need(rest: str, usage: str) -> None:
    if not rest:
        raise InputError(f"write {usage}")


COMMANDS: dict[str, SlashCommand] = {
    "/help": SlashCommand("/help", "this list", _help),
    "/evidence": SlashCommand("/evidence [n]", "what was looked up; with a number, the whole result", _evidence),
    "/why": SlashCommand("/why TASK", "why a task is where it is, or waits", _why),
    "/whatif": SlashCommand("/whatif TEXT", "what would change: node-b1 fails, load doubles", _what_if),
    "/plan": SlashCommand("/plan [ID]", "plans, or one of them", _plan),
    "/plan edit": SlashCommand("/plan edit [ID] N,M", "another plan, without changes N and M", _plan_edit),
    "/diff": SlashCommand("/diff [ID]", "every field that a plan changes", _diff),
    "/apply": SlashCommand("/apply [ID]", "ask for approval of a plan, and apply it then", _apply),
    "/approve": SlashCommand("/approve [ID]", "approve the plan that you were asked about; with an ID, ask", _approve),
    "/edit": SlashCommand("/edit N,M", "leave out changes of the plan that you were asked about", _edit),
    "/reject": SlashCommand("/reject [REASON]", "reject it", _reject),
    "/rollback": SlashCommand("/rollback [ID]", "undo a plan that was applied", _rollback),
    "/mode": SlashCommand("/mode [MODE]", "read, plan (may write plans), or apply (what you approve)", _mode),
    "/refresh": SlashCommand("/refresh", "read the cluster, or its file, anew", _refresh),
    "/tools": SlashCommand("/tools", "tools and what they may do", _tools),
    "/model": SlashCommand("/model [NAME]", "who answers; PROVIDER:MODEL or rules from now on", _model),
    "/cost": SlashCommand("/cost", "calls, tokens and dollars so far", _cost),
    "/sessions": SlashCommand("/sessions [rename NAME | delete ID]", "conversations", _sessions),
    "/save": SlashCommand("/save FILE", "write the conversation as Markdown or JSON", _save),
    "/quit": SlashCommand("/quit", "leave; the conversation is kept", _quit),
}
