"""The graph of a conversation.

    answer ──> check ──> approval ──> act ──> tell
                 └─────────┴───────────────────^

`answer` asks the operator, rules or a model. `check` strikes what does not hold. `approval` interrupts for a person,
where a tool that changes something is wanted; `act` runs it, and nothing else ever does. `tell` ends the turn.
Every step is kept before the next begins. A killed turn goes on with the step that it was in: `answer` asks anew, and
`act` goes on by the journal of the plan, so that nothing is done twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import get_runtime
from langgraph.types import Command, interrupt

from aurora.agents.operator.answer import Answer, Approval, Audience, Mode, Sentence, Table, Turn
from aurora.agents.operator.checking import check_answer
from aurora.cluster.plans import folder
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.report import approve_in_folder
from aurora.cluster.snapshot import Snapshot
from aurora.errors import AuroraError, BudgetExceeded, InputError, ModelError, PlanError
from aurora.graphs.chat.approval import TOOL_OF_ACTION, Decision, decision_of, request
from aurora.graphs.chat.archive import KEPT
from aurora.graphs.chat.state import (
    MODES,
    ChatInput,
    ChatState,
    evidence_of,
    least_mode,
    mode_of,
    question_of,
    turns_of,
)
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.harness import Evidence, Harness, Limits
from aurora.tools.plan_changes import place_of, target_of

PATIENT = Limits(seconds=24 * 3600.0)
"""Limits of what was approved: a live cluster may take hours, and nothing else stops it halfway."""
STALE = timedelta(minutes=10)
"""Age from which a live cluster should be read anew."""
RECENT = 20
"""Turns whose evidence is at hand for the next one."""
GRAPH = "aurora"
"""Name under which told sentences that no operator wrote are given."""

Next = Literal["approval", "act", "tell"]


Around = Callable[[str, Callable[[], Any]], Any]
"""Runs a step of a name."""


class Held(NamedTuple):
    """What a run of the graph is held in, given as its context. It takes the place of what the graph was built with.

    Attributes:
        surroundings: What it is held in.
        around: Runs each step; None: as it is.
    """

    surroundings: Surroundings
    around: Around | None = None


def chat_graph(surroundings: Surroundings | None = None, checkpointer: BaseCheckpointSaver[Any] | None = None) -> Any:
    """Return the compiled graph of a conversation. One serves many conversations, since it is slow to compile.

    Args:
        surroundings: What it is held in; None: each run brings its own, as `Held`.
        checkpointer: Keeps its state; None: whoever serves the graph brings one.
    """
    graph: Any = StateGraph(ChatState, input_schema=ChatInput)

    def node(step: Callable[[ChatState, Surroundings], Any]) -> Callable[[ChatState], Any]:
        def run(state: ChatState) -> Any:
            given = get_runtime().context
            held = given if isinstance(given, Held) else None  # clients of `langgraph dev` may give anything
            room = surroundings if held is None else held.surroundings
            assert room is not None  # a run of a graph without surroundings brings its own
            if held is None or held.around is None:
                return step(state, room)
            return held.around(step.__name__, lambda: step(state, room))

        return run

    graph.add_node("answer", node(answer))
    graph.add_node("check", node(check))
    graph.add_node("approval", node(approval), destinations=("approval", "act", "tell"))
    graph.add_node("act", node(act))
    graph.add_node("tell", node(tell))
    graph.add_edge(START, "answer")
    graph.add_edge("answer", "check")
    graph.add_conditional_edges("check", _after_check, ["approval", "tell"])
    graph.add_edge("act", "tell")
    graph.add_edge("tell", END)
    return graph.compile(checkpointer=checkpointer, name="operator")


def answer(state: ChatState, surroundings: Surroundings) -> dict[str, Any]:
    """Answer the last question: a word to the conversation itself, or the operator's part."""
    question = question_of(state)
    mode = _mode(state, surroundings)
    update: dict[str, Any] = {"mode": mode, "approved": ""}
    left = state.get("answer")
    if left is not None:  # a turn that waited for an approval, until another question came
        update["turns"] = [_turn(Answer.model_validate(left).model_copy(update={"approval": None}), state)]
    commanded = _commanded(question, mode, surroundings)
    if commanded is not None:
        found, mode = commanded
        return {**update, "mode": mode, "answer": found.model_dump(mode="json"), "evidence": state.get("evidence", [])}
    history = turns_of(state)
    harness = Harness(
        surroundings.desk,
        surroundings.tools,
        limits=surroundings.limits,
        may_plan=mode != "read",
        journal=_evidence(state, surroundings, _named(question, history[-RECENT:])),
        watch=_watch(),
        begin=_begin(),
    )
    try:
        found = surroundings.operator.answer(question, harness, history, mode, _audience(surroundings.has_left))
    except (ModelError, BudgetExceeded) as error:
        found = _said(question, f"I can't answer: {error}")
    return {**update, "answer": found.model_dump(mode="json"), "evidence": _dumped(harness.journal, surroundings)}


def check(state: ChatState, surroundings: Surroundings) -> dict[str, Any]:
    """Strike what does not hold, and let an approval through only where the mode allows it."""
    found = _answer(state)
    if found.by != GRAPH:
        found = check_answer(found, _evidence(state, surroundings, _cited([found])), surroundings.desk)
    mode = _mode(state, surroundings)
    if found.approval is not None and mode != "apply":
        waits = f"Plan {found.approval.plan_id} waits: nothing is applied in mode {mode}"
        text = f"{waits}; switch with /mode apply." if surroundings.most == "apply" else f"{waits}. {_at_most(mode)}"
        found = found.model_copy(update={"approval": None, "sentences": (*found.sentences, Sentence(text=text))})
    if surroundings.desk.is_live and found.by != GRAPH:
        found = found.model_copy(update={"as_of": _as_of(surroundings)})
    return {"answer": found.model_dump(mode="json")}


def _as_of(surroundings: Surroundings) -> str:
    """Return how old the snapshot of a live cluster is, and a warning where that is much."""
    taken = surroundings.desk.cluster.taken_at
    age = surroundings.clock() - taken
    minutes = max(0, int(age.total_seconds() // 60))
    ago = "less than a minute" if minutes < 1 else "1 minute" if minutes == 1 else f"{minutes} minutes"
    warning = "; much may have changed since: /refresh reads the cluster anew" if age >= STALE else ""
    return f"As of {taken:%Y-%m-%d %H:%M} UTC, {ago} ago{warning}."


def _after_check(state: ChatState) -> Next:
    return "tell" if _answer(state).approval is None else "approval"


def approval(state: ChatState, surroundings: Surroundings) -> Command[Next]:
    """Ask a person; what is approved is the plan with exactly the hash that was shown."""
    found = _answer(state)
    wanted = found.approval
    assert wanted is not None  # the edge leads here only then
    if surroundings.most != "apply":  # it was asked when more was allowed
        return _not_done(found, f"Nothing was changed. {_at_most(surroundings.most)}")
    try:
        plan = _plan(wanted, surroundings)
        decision = _decided(wanted, plan, surroundings)
        plan = _plan(wanted, surroundings)  # it may have been altered while the question was open
        match decision.kind:
            case "reject":
                why = f": {decision.message}" if decision.message else ""
                return _not_done(found, f"Plan {plan.plan_id} was rejected{why}. Nothing was changed.")
            case "edit" if wanted.action == "apply":
                other = _edited(decision, plan, surroundings)
                again = Approval(plan_id=other.plan_id, sha256=other.sha256, action="apply")
                text = f"Plan {plan.plan_id} became plan {other.plan_id}, which needs its own approval."
                return _on(found, "approval", again, text)
            case "edit":
                return _not_done(found, "A rollback can't be edited. Nothing was changed.")
        if wanted.action == "apply":
            at = surroundings.clock()
            approve_in_folder(plan.plan_id, surroundings.who, surroundings.desk.plans, prefix=plan.sha256, at=at)
    except AuroraError as error:
        return _not_done(found, f"Nothing was changed: {error}")
    return Command(goto="act", update={"approved": plan.sha256})


def act(state: ChatState, surroundings: Surroundings) -> dict[str, Any]:
    """Run the tool that was approved, with the arguments that were shown; the tool checks hash and expiry itself."""
    found = _answer(state)
    wanted = found.approval
    journal = evidence_of(state)
    if wanted is None or not state.get("approved") or state.get("approved") != wanted.sha256:
        return {"answer": _with(found, "Nothing was changed: no plan was approved.").model_dump(mode="json")}
    name = TOOL_OF_ACTION[wanted.action]
    arguments = {"plan_id": wanted.plan_id}
    if wanted.action == "apply":
        arguments["sha256"] = wanted.sha256
    harness = Harness(
        surroundings.desk, [name], limits=PATIENT, may_change=True, journal=journal, watch=_watch(), begin=_begin()
    )
    harness.call(name, arguments)
    came = harness.journal[-1]
    sentences = tuple(_outcome_told(came, wanted))
    found = found.model_copy(update={"approval": None, "sentences": (*found.sentences, *sentences)})
    return {"answer": found.model_dump(mode="json"), "evidence": _dumped(harness.journal, surroundings), "approved": ""}


def tell(state: ChatState, surroundings: Surroundings) -> dict[str, Any]:
    """End the turn: what holds becomes a message, and the answer with what was struck a turn."""
    del surroundings
    found = _answer(state)
    message = AIMessage(
        content=message_text(found),
        name="operator",
        additional_kwargs={"aurora": {"by": found.by, "struck": [s.model_dump() for s in found.sentences if s.struck]}},
    )
    return {"messages": [message], "turns": [_turn(found, state)], "answer": None, "approved": ""}


def message_text(found: Answer) -> str:
    """Return an answer as the text of a message: how it was read, sentences, tables in Markdown, questions back."""
    parts = [found.reading] if found.reading else []
    parts += [found.text] if found.text else []
    parts += [_markdown(t) for t in found.tables]
    parts += [found.as_of] if parts and found.as_of else []
    if found.asks_back:
        parts.append("\n".join(["Did you mean:", *(f"- {q}" for q in found.asks_back)]))
    return "\n\n".join(parts) or "I don't know: nothing that I could say is borne out by what was looked up."


def _commanded(question: str, mode: Mode, surroundings: Surroundings) -> tuple[Answer, Mode] | None:
    """Return the answer to a person's word to the conversation itself, and the mode then; None: it is a question."""
    word, _, rest = question.partition(" ")
    rest = rest.strip()
    if word == "/mode":
        if rest not in MODES:
            return _said(question, f"The mode is {mode}; there are {', '.join(MODES)}."), mode
        if least_mode(rest, surroundings.most) != rest:
            return _said(question, f"The mode is {mode}. {_at_most(surroundings.most)}"), mode
        return _said(question, f"The mode is {rest}."), rest
    if word == "/refresh":
        return _said(question, _refreshed(surroundings)), mode
    if word in ("/apply", "/rollback"):
        try:
            plan = folder.load(surroundings.desk.plans, rest)
        except AuroraError as error:
            return _said(question, f"Nothing was changed: {error}"), mode
        action: Literal["apply", "rollback"] = "apply" if word == "/apply" else "rollback"
        found = Answer(
            question=question,
            by=GRAPH,
            approval=Approval(plan_id=plan.plan_id, sha256=plan.sha256, action=action),
        )
        return found, mode
    return None


def _mode(state: ChatState, surroundings: Surroundings) -> Mode:
    """Return what the conversation may do here."""
    return least_mode(mode_of(state), surroundings.most)


def _at_most(mode: Mode) -> str:
    return f"This server allows up to mode {mode}: whoever starts it says so with --mode."


def _refreshed(surroundings: Surroundings) -> str:
    """Read the cluster anew; return what is told of it."""
    before = surroundings.desk.cluster
    try:
        now = surroundings.desk.refresh()
    except AuroraError as error:
        return f"The cluster was not read anew, so answers go on with that of {_time(before)}: {error}"
    return (
        f"Read anew as of {_time(now)}: {len(now.nodes)} nodes and {len(now.tasks)} tasks; before, as of "
        f"{_time(before)}, {len(before.nodes)} and {len(before.tasks)}. Evidence so far is of the time before."
    )


def _time(snapshot: Snapshot) -> str:
    return f"{snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC"


def _plan(wanted: Approval, surroundings: Surroundings) -> Plan:
    plan = folder.load(surroundings.desk.plans, wanted.plan_id)
    if plan.sha256 != wanted.sha256:
        raise PlanError(f"plan {plan.plan_id} does not have the hash {wanted.sha256[:12]} that was asked about")
    return plan


def _decided(wanted: Approval, plan: Plan, surroundings: Surroundings) -> Decision:
    """Ask until the answer is a decision."""
    problem = ""
    target = target_of(surroundings.desk, plan)
    place = place_of(target) if target.name == "kubernetes" else ""
    while True:
        try:
            return decision_of(interrupt(request(wanted, plan, problem, place)))
        except InputError as error:
            problem = f"That was no decision: {error}."


def _edited(decision: Decision, plan: Plan, surroundings: Surroundings) -> Plan:
    plans = surroundings.desk.plans
    if decision.plan_id and not plan.plan_id.startswith(decision.plan_id[:12]):
        return folder.load(plans, decision.plan_id)
    from aurora.tools.plan_edits import edited  # noqa: PLC0415  # the simulator: a second, used here only

    return edited(surroundings.desk, plan.plan_id, without=decision.without, command="/edit", at=surroundings.clock())


def _not_done(found: Answer, text: str) -> Command[Next]:
    return _on(found, "tell", None, text)


def _on(found: Answer, goto: Next, wanted: Approval | None, text: str) -> Command[Next]:
    told = _with(found, text).model_copy(update={"approval": wanted})
    return Command(goto=goto, update={"answer": told.model_dump(mode="json"), "approved": ""})


def _outcome_told(came: Evidence, wanted: Approval) -> Iterator[Sentence]:
    cites = (f"E{came.number}",)
    verb = "applied" if wanted.action == "apply" else "rolled back"
    if came.outcome != "ok":
        yield Sentence(text=f"Plan {wanted.plan_id} was not {verb}: {came.text}", cites=cites)
        return
    result = json.loads(came.text)
    steps = "1 step" if len(result["steps"]) == 1 else f"{len(result['steps'])} steps"
    yield Sentence(text=f"Plan {result['plan_id']} is {result['state']}: {steps} in {result['place']}.", cites=cites)
    if result["state"] == "applied":
        yield Sentence(text=f"To undo it: /rollback {result['plan_id']}.", cites=cites)
    for remark in result["remarks"][:5]:
        yield Sentence(text=remark, cites=cites)


@dataclass(frozen=True)
class _Reader:
    """Whoever streams the graph, as the operator sees them; see `Audience`."""

    write: Callable[[dict[str, Any]], None]
    left: Callable[[], bool]

    @property
    def has_left(self) -> bool:
        return self.left()

    def show(self, sentence: Sentence) -> None:
        self.write({"sentence": sentence.model_dump(mode="json")})


def _audience(has_left: Callable[[], bool] | None) -> Audience | None:
    return None if has_left is None else _Reader(get_stream_writer(), has_left)


def _begin() -> Callable[[int, str, Any], None]:
    """Return what tells whoever streams the graph that a tool is called."""
    writer = get_stream_writer()

    def begin(number: int, tool: str, arguments: Any) -> None:
        writer({"begun": [number, tool, arguments]})

    return begin


def _watch() -> Callable[[Evidence], None]:
    """Return what tells whoever streams the graph of a tool call."""
    writer = get_stream_writer()

    def watch(evidence: Evidence) -> None:
        writer({"evidence": evidence._asdict()})

    return watch


def _answer(state: ChatState) -> Answer:
    return Answer.model_validate(state["answer"])


def _with(found: Answer, text: str) -> Answer:
    return found.model_copy(update={"sentences": (*found.sentences, Sentence(text=text))})


def _said(question: str, text: str) -> Answer:
    return Answer(question=question, by=GRAPH, sentences=(Sentence(text=text),))


def _turn(found: Answer, state: ChatState) -> dict[str, Any]:
    carried = state.get("evidence") or []
    until = carried[-1]["number"] if carried else 0
    return Turn(question=found.question, answer=found, evidence_until=until).model_dump(mode="json")


def _dumped(journal: list[Evidence], surroundings: Surroundings) -> list[dict[str, Any]]:
    """Return the evidence that the state carries; older results go to the archive, where there is one."""
    if surroundings.archive is None or len(journal) <= KEPT:
        return [e._asdict() for e in journal]
    surroundings.archive.keep(journal[:-KEPT])
    return [e._asdict() for e in journal[-KEPT:]]


def _evidence(state: ChatState, surroundings: Surroundings, numbers: set[int]) -> list[Evidence]:
    """Return the evidence of the state, and that of the archive with these numbers."""
    carried = evidence_of(state)
    absent = numbers - {e.number for e in carried}
    if surroundings.archive is None or not absent:
        return carried
    return [*surroundings.archive.find(absent), *carried]


def _named(question: str, history: tuple[Turn, ...]) -> set[int]:
    """Return the numbers of evidence that a question or the turns before it name."""
    return {int(n) for n in re.findall(r"\bE(\d{1,6})\b", question)} | _cited([t.answer for t in history])


def _cited(answers: Sequence[Answer]) -> set[int]:
    parts = [part.cites for a in answers for part in a.sentences] + [t.cites for a in answers for t in a.tables]
    cites = {c for group in parts for c in group}
    return {int(c[1:]) for c in cites if re.fullmatch(r"E\d{1,6}", c)}


def _markdown(table: Table) -> str:
    rows = [table.columns, tuple("---" for _ in table.columns), *table.rows]
    cites = f" [{', '.join(table.cites)}]" if table.cites else ""
    return "\n".join(
        [f"{table.title}{cites}", "", *("| " + " | ".join(c.replace("|", "/") for c in row) + " |" for row in rows)]
    )
