"""The operator with a model: it looks things up with tools, answers in sentences with evidence, and changes nothing.

A call of a tool that changes something, by the table of tools, never runs here. It becomes the answer's `approval`, and
the graph of the conversation asks a person.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from functools import cache
from typing import Any, Literal

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelCallLimitMiddleware, hook_config
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from aurora.agents.models.listening import listening
from aurora.agents.models.metered import BROKEN_KEY, MeteredModel
from aurora.agents.models.thoughts import without_thoughts
from aurora.agents.operator.answer import Answer, Approval, Audience, Mode, Sentence, Turn
from aurora.agents.operator.checking import check_answer
from aurora.agents.operator.telling import Telling, sentences_in
from aurora.agents.operator.tool_schemas import short_schema
from aurora.cluster.plans import folder
from aurora.errors import AuroraError, BudgetExceeded, ModelError
from aurora.prompts.loader import Prompt
from aurora.tools.desk import Desk
from aurora.tools.harness import MORE, Harness, told_of
from aurora.tools.registry import ROWS

MAX_CALLS = 14
"""Most calls of the model in a turn."""
TURNS_WHOLE = 6
"""Earlier turns that the model reads whole; of older ones it reads the questions."""
MAX_QUESTIONS = 20
MAX_STRUCK = 20
"""Most struck sentences that a model is told of."""
MAX_EARLIER = 1_500
"""Most characters of an earlier answer or question that the model reads; of older questions it reads 200."""
MAX_OLDER = 200
TEMPERATURE = 0.2
NO_STREAM = "nostream"
"""Tag by which LangGraph streams no token: nobody is to read a sentence that is not checked; see `Telling`."""
DURABILITY = {"__pregel_durability": "exit"}
"""Key of LangGraph: without checkpoints, `sync` fails, which an agent would take from the graph around it."""
ACTIONS: dict[str, Literal["apply", "rollback"]] = {"apply_plan": "apply", "roll_back_plan": "rollback"}
"""Tools that a person is asked about, and what is approved."""
OF_A_PLAN = frozenset({"edit_plan", "show_plan", "check_plan", "explain_plan", *ACTIONS})
"""Tools that are listed once there is a plan."""
MODES: dict[Mode, str] = {
    "read": "read (you look things up; for plans and changes the person switches with /mode plan or /mode apply)",
    "plan": "plan (you also write plans; to apply one the person switches with /mode apply)",
    "apply": "apply (you also ask for a plan to be applied)",
}
"""Modes in words."""
ASKED = "The person is asked now, and this turn ends. It is not done yet."
AGAIN_SHOWN = "Show an earlier result again, or more of one that was cut."
AGAIN = (
    "These sentences were struck:\n{struck}\nWrite the whole answer once more, those that were not struck included, "
    "with sentences that their evidence bears out; look up what is missing, or say what you don't know."
)
REPLACE = (
    "These sentences were struck:\n{struck}\nThe person has read the others. Write only what replaces the struck ones, "
    "with sentences that their evidence bears out; look up what is missing, or say what you don't know."
)
"""Said in place of `AGAIN` where sentences were shown as they came."""


class _Looking:
    """The tools of one turn: sends every call through the harness, and keeps what would change something for a person.

    Args:
        harness: Tools of the turn.
        mode: What the conversation may do.
        telling: Shows the answer as it comes; None: nobody reads along.

    Attributes:
        approval: Change that a person is to be asked about; None: there is none.
    """

    def __init__(self, harness: Harness, mode: Mode, telling: Telling | None) -> None:
        self.approval: Approval | None = None
        self._telling = telling
        self._first_change = ""
        self._harness = harness
        self._mode = mode

    def listed(self) -> list[BaseTool]:
        """Return the tools that the model is told of: those of the mode, and those for plans once there is one.

        Every request carries their schemas. A call of another one still gets its answer from the harness.
        """
        without = {"read": {"measures", "plans", "changes"}, "plan": {"changes"}, "apply": set()}[self._mode]
        left_out = {name for name, tool in self._harness.tools.items() if tool.effect in without}
        if not self._harness.desk.holds_plans:
            left_out |= OF_A_PLAN
        return [_told(name) for name in _names(self._harness) if name not in left_out]

    def answered(self, messages: Sequence[BaseMessage]) -> None:
        """Take the model's message before its calls run."""
        last = next((m for m in reversed(messages) if isinstance(m, AIMessage)), None)
        if last is not None:
            if self._telling is not None:
                _end(self._telling, last)
            self._harness.reserve([str(c["id"]) for c in last.tool_calls])
            # Calls run concurrently; the model's order decides which of several changes a person is asked about.
            self._first_change = next((str(c["id"]) for c in last.tool_calls if _changes(c["name"])), "")

    def called(self, call: Any) -> ToolMessage:
        """Run a call of the model; return what it is told."""
        shown = self._harness.call(call["name"], call["args"], call["id"]).replace("a valid tuple", "a valid list")
        if _changes(call["name"]):
            shown = f"{shown}\n{self._kept(call['name'], call['args'], is_first=call['id'] == self._first_change)}"
        return ToolMessage(shown, tool_call_id=call["id"], name=call["name"])

    def _kept(self, name: str, arguments: Any, *, is_first: bool) -> str:
        """Keep a wanted change for a person; return what the model is told."""
        action = ACTIONS.get(name)
        if action is None or self._mode != "apply":
            return f"Nothing is changed in mode {self._mode}; the person may switch with /mode apply. Tell them."
        if self.approval is not None:
            return "One change at a time: the person is asked about another one already."
        if not is_first:
            return "One change at a time: of several calls that change something, the first one counts."
        plan_id = str(arguments.get("plan_id", "")) if isinstance(arguments, dict) else ""
        digits = str(arguments.get("sha256", "")) if isinstance(arguments, dict) else ""
        try:
            plan = folder.load(self._harness.desk.plans, plan_id)
        except AuroraError as error:
            return f"Nobody is asked: {error}"
        if action == "apply" and not (digits and plan.sha256.startswith(digits.lower())):
            return f"Nobody is asked: plan {plan.plan_id} has the hash {plan.sha256[:12]}; look at it once more."
        self.approval = Approval(plan_id=plan.plan_id, sha256=plan.sha256, action=action)
        return ASKED


_looking: ContextVar[_Looking] = ContextVar("tools of the turn in this context")


class _OfTheTurn(AgentMiddleware[Any, Any, Any]):
    """Hands everything on to the turn in whose context the agent runs, so that one agent serves all turns."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.tools = [_told(name) for name in names]

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        listed = _looking.get().listed()
        return handler(request.override(tools=listed, model_settings={"temperature": TEMPERATURE}))

    @hook_config(can_jump_to=["end"])
    def before_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """End the turn once a person is to be asked: the person is shown the plan, so that no more words are needed."""
        return None if _looking.get().approval is None else {"jump_to": "end"}

    def after_model(self, state: Any, runtime: Any) -> None:
        _looking.get().answered(state["messages"])

    def wrap_tool_call(self, request: Any, handler: Any) -> ToolMessage:
        return _looking.get().called(request.tool_call)


def _names(harness: Harness) -> tuple[str, ...]:
    return (*harness.tools, MORE)


@cache
def _told(name: str) -> BaseTool:
    """Return a tool as a model is told of it, with a short schema; the harness validates calls by the full one.

    Schemas depend on nothing but the code, and to make them is most of the work of a turn. So each is made once.
    """
    description, arguments = told_of(name)
    whole = StructuredTool.from_function(func=_unused, name=name, description=description, args_schema=arguments)
    function = convert_to_openai_tool(whole)["function"]
    return StructuredTool(
        name=name,
        description=AGAIN_SHOWN if name == MORE else function["description"],
        args_schema=short_schema(function["parameters"]),
        func=_unused,
    )


def _unused(**arguments: Any) -> str:
    del arguments
    raise AssertionError("calls go through the harness of the turn")


def _changes(name: str) -> bool:
    """Return whether a tool changes something, by the table of tools."""
    row = ROWS.get(name)
    return row is not None and row.effect == "changes"


class ModelOperator:
    """Answers by a model.

    Args:
        model: Model to ask.
        prompt: Prompt of the operator.

    Attributes:
        first: Sentences of the latest answer before those that did not hold went back; none if none did.

    Raises:
        ModelError: The model can't call tools.
    """

    def __init__(self, model: MeteredModel, prompt: Prompt) -> None:
        if model.name_.row.is_local:
            raise ModelError(f"{model.name_} answers without tools, so it can look nothing up; leave --model out")
        self.name = str(model.name_)
        self.model = model
        self.first: tuple[Sentence, ...] = ()
        self._prompt = prompt
        self._agents: dict[tuple[str, ...], Any] = {}
        self._lock = threading.Lock()

    def answer(
        self,
        question: str,
        harness: Harness,
        history: tuple[Turn, ...],
        mode: Mode,
        audience: Audience | None = None,
    ) -> Answer:
        """Answer a question; see `aurora.agents.operator.answer.Operator`.

        Sentences that do not hold go back to the model once, with the reasons. Where sentences are shown as they come,
        a failure after the first one ends the answer, and is told in it.

        Raises:
            ModelError: The provider failed.
            BudgetExceeded: The budget is spent.
        """
        if audience is not None:
            return self._told(question, harness, history, mode, audience)
        looking = _Looking(harness, mode, None)
        messages = self._messages(question, harness.desk, history, mode)
        found, messages = self._asked(messages, question, harness, looking)
        struck = _listed(found.sentences)
        self.first = found.sentences if struck else ()
        if struck and looking.approval is None:  # else a person is asked, and reads the plan itself
            again = [*messages, HumanMessage(AGAIN.format(struck=struck))]
            second, _ = self._asked(again, question, harness, looking)
            if sum(not s.struck for s in second.sentences) >= sum(not s.struck for s in found.sentences):
                return second
        return found

    def _told(
        self, question: str, harness: Harness, history: tuple[Turn, ...], mode: Mode, audience: Audience
    ) -> Answer:
        """Answer while sentences are shown; all that were shown are the answer."""

        def check(sentence: Sentence) -> Sentence:
            found = Answer(question=question, by=self.name, sentences=(sentence,))
            return check_answer(found, harness.journal, harness.desk).sentences[0]

        telling = Telling(audience, check)
        looking = _Looking(harness, mode, telling)
        try:
            messages = self._run(self._messages(question, harness.desk, history, mode), harness, looking, telling)
            struck = _listed(telling.shown)
            is_broken = bool(messages[-1].response_metadata.get(BROKEN_KEY))
            if struck and looking.approval is None and not is_broken:
                self._run([*messages, HumanMessage(REPLACE.format(struck=struck))], harness, looking, telling)
        except (ModelError, BudgetExceeded) as error:
            if not telling.shown:
                raise
            telling.end("", broken=str(error))
        return Answer(question=question, by=self.name, sentences=tuple(telling.shown), approval=looking.approval)

    def _agent(self, harness: Harness) -> Any:
        """Return the agent of these tools, compiled once for all turns."""
        names = _names(harness)
        with self._lock:
            if names not in self._agents:
                limit = ModelCallLimitMiddleware(run_limit=MAX_CALLS, exit_behavior="end")
                # Without checkpoints: else a killed turn would go on behind its lookups, with no evidence of them.
                middleware = [_OfTheTurn(names), limit]
                self._agents[names] = create_agent(self.model, middleware=middleware, checkpointer=False)
            return self._agents[names]

    def _asked(
        self, messages: Sequence[BaseMessage], question: str, harness: Harness, looking: _Looking
    ) -> tuple[Answer, list[BaseMessage]]:
        messages = self._run(messages, harness, looking, None)
        last = messages[-1]
        text = without_thoughts(str(last.text)) if isinstance(last, AIMessage) else ""
        found = Answer(question=question, by=self.name, sentences=sentences_in(text), approval=looking.approval)
        return check_answer(found, harness.journal, harness.desk), list(messages)

    def _run(
        self, messages: Sequence[BaseMessage], harness: Harness, looking: _Looking, telling: Telling | None
    ) -> list[BaseMessage]:
        """Run the agent; return the messages then."""
        config = {"recursion_limit": 8 * MAX_CALLS, "tags": [NO_STREAM], "callbacks": [], "configurable": DURABILITY}
        agent = self._agent(harness)
        token = _looking.set(looking)
        try:
            with nullcontext() if telling is None else listening(telling):
                after: list[BaseMessage] = agent.invoke({"messages": list(messages)}, config)["messages"]
        finally:
            _looking.reset(token)
        return after

    def _messages(self, question: str, desk: Desk, history: tuple[Turn, ...], mode: Mode) -> list[BaseMessage]:
        older, recent = history[:-TURNS_WHOLE], history[-TURNS_WHOLE:]
        asked = "; ".join(_cut(t.question, MAX_OLDER) for t in older[-MAX_QUESTIONS:])
        system, user = self._prompt.fill(
            open=_open(desk),
            mode=MODES[mode],
            earlier=f"Earlier questions: {asked}" if asked else "",
            question=question,
        )
        said = [
            message
            for turn in recent
            for message in (
                HumanMessage(_cut(turn.question, MAX_EARLIER)),
                AIMessage(_cut(turn.answer.text, MAX_EARLIER) or "(nothing held)"),
            )
        ]
        return [SystemMessage(system), *said, HumanMessage(user)]


def _listed(sentences: Sequence[Sentence]) -> str:
    """Return the struck sentences as a model is told of them; "" if there are none."""
    return "\n".join([f"- {s.text} ({s.struck})" for s in sentences if s.struck][:MAX_STRUCK])


def _end(telling: Telling, message: AIMessage) -> None:
    """End a message of the model for who reads along."""
    text, broken = str(message.text), str(message.response_metadata.get(BROKEN_KEY, ""))
    telling.end(text, goes_on=bool(message.tool_calls), broken=broken)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."


def _open(desk: Desk) -> str:
    cluster = desk.cluster
    series = f", {len(desk.series_ids)} measured series" if desk.series_ids else ""
    return f"{cluster.snapshot_id} ({cluster.system}), {len(cluster.nodes)} nodes, {len(cluster.tasks)} tasks{series}"
