"""Runs every tool call of an agent: validated, limited, timed, numbered as evidence, recorded.

A call never raises for a model's mistake: the result describes the fault in words that the model can act on.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field, ValidationError

from aurora.errors import AuroraError, InputError, ModelError
from aurora.tools.arguments import problem_of
from aurora.tools.desk import Desk
from aurora.tools.recording import Exchange, Recording
from aurora.tools.registry import TOOLS, Tool
from aurora.types import Frozen
from aurora.validation import explain_validation

EvidenceOutcome = Literal["ok", "unknown tool", "invalid arguments", "failed", "timeout", "limit", "refused"]
MORE = "evidence"
"""Name of the harness's own tool, which shows more of a result."""


class Limits(NamedTuple):
    """Limits of a conversation.

    Attributes:
        seconds: Time limit of a call.
        characters: Most characters of a result shown at once.
        calls: Most calls in total.
        calls_a_tool: Most calls of one tool.
    """

    seconds: float = 60.0
    characters: int = 4000
    calls: int = 24
    calls_a_tool: int = 12


class Evidence(NamedTuple):
    """A tool call with its result.

    Attributes:
        number: Number from 1; `E1` and so on in conversations.
        tool, arguments: Tool and arguments as called, valid or not.
        outcome: Kind of result.
        text: Complete result as JSON, or the fault.
        seconds: Run time.
    """

    number: int
    tool: str
    arguments: Any
    outcome: EvidenceOutcome
    text: str
    seconds: float


class MoreArguments(Frozen):
    """Which part of a result to show."""

    id: str = Field(description="of an earlier result, such as E3")
    offset: int = Field(default=0, ge=0, description="character at which to begin")


class Harness:
    """The tools of one conversation.

    Args:
        desk: Data that the tools may read.
        tools: Names of the tools allowed; one that changes something is refused unless `may_change`.
        limits: Limits of the conversation.
        recording: Recording of the session; a call that it holds is not run again. None: nothing is recorded.
        may_change: True: a person has approved that tools change things.
        may_plan: True: tools may write plans.
        journal: Evidence of earlier turns of the conversation; numbers go on from it.
        begin: Receives number, tool and arguments of each call before it runs.
        watch: Receives each call's evidence when it is there.
        executor: Runs the tools; None: each call has a thread of its own.
    """

    def __init__(  # noqa: PLR0913  # each by its name
        self,
        desk: Desk,
        tools: Sequence[str],
        *,
        limits: Limits = Limits(),  # noqa: B008  # immutable
        recording: Recording | None = None,
        may_change: bool = False,
        may_plan: bool = True,
        journal: Sequence[Evidence] = (),
        watch: Callable[[Evidence], None] | None = None,
        begin: Callable[[int, str, Any], None] | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.desk = desk
        self.limits = limits
        self.journal: list[Evidence] = list(journal)
        absent = [name for name in tools if name not in TOOLS]
        if absent:
            raise InputError("there is no such tool", parameter="tools", value=absent[0])
        self._names = tuple(dict.fromkeys(tools))
        self._loaded: dict[str, Tool] = {}
        self._recording = recording
        self._executor = executor
        self._may_change = may_change
        self._may_plan = may_plan
        self._watch = watch
        self._begin = begin
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()
        self._numbers: dict[str, int] = {f"earlier {e.number}": e.number for e in journal}

    @property
    def tools(self) -> Mapping[str, Tool]:
        """Return the tools that may be called, by name."""
        return {name: self._tool(name) for name in self._names}

    def _tool(self, name: str) -> Tool:
        if name not in self._loaded:
            self._loaded[name] = TOOLS[name]
        return self._loaded[name]

    def langchain_tools(self) -> list[BaseTool]:
        """Return the tools as LangChain's; a call of one goes through `call`."""
        return [
            StructuredTool.from_function(
                func=lambda _name=name, **arguments: self.call(_name, arguments),
                name=name,
                description=description,
                args_schema=arguments,
            )
            for name, (description, arguments) in ((n, told_of(n)) for n in (*self.tools, MORE))
        ]

    def reserve(self, call_ids: Sequence[str]) -> None:
        """Number calls in the model's order before they run concurrently."""
        with self._lock:
            for call_id in call_ids:
                self._numbers.setdefault(call_id, max(self._numbers.values(), default=0) + 1)

    def call(self, name: str, arguments: Any, call_id: str = "") -> str:
        """Run a call; return the text for the model, which begins with the call's number.

        Raises:
            ModelError: A replayed recording holds no readable result of the call.
        """
        call_id = call_id or f"direct {len(self._numbers)}"
        self.reserve([call_id])
        number = self._numbers[call_id]
        if self._begin is not None:
            self._begin(number, name, arguments)
        started = time.perf_counter()
        outcome, text = self._outcome(name, arguments)
        is_recorded = outcome not in ("unknown tool", "invalid arguments", "limit", "refused")  # it was when it ran
        if self._recording is not None and not is_recorded:
            request = {"tool": name, "arguments": arguments}
            key = self._recording.key("tool", request)
            if not self._recording.replaying:
                self._recording.add(Exchange(key, "tool", request, [outcome, text], {"seconds": 0.0}))
        evidence = Evidence(number, name, arguments, outcome, text, time.perf_counter() - started)
        with self._lock:
            self.journal.append(evidence)
            self.journal.sort(key=lambda e: e.number)
        if self._watch is not None:
            self._watch(evidence)
        failed = "" if outcome == "ok" else f" {outcome}:"
        return f"[E{number}]{failed} {text if name == MORE else self._part(evidence, 0)}"

    def _part(self, evidence: Evidence, offset: int) -> str:
        """Return a part of a result from a character on, within the limit, with a pointer to the rest."""
        end = offset + self.limits.characters
        rest = len(evidence.text) - end
        more = f'\n[{rest} characters more: {MORE}(id="E{evidence.number}", offset={end})]' if rest > 0 else ""
        return evidence.text[offset:end] + more

    def _outcome(self, name: str, arguments: Any) -> tuple[EvidenceOutcome, str]:
        malformed = problem_of(arguments)
        if malformed:
            return "invalid arguments", malformed
        if name == MORE:
            return self._more(arguments)
        if name not in self._names:
            near = get_close_matches(str(name), self._names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}? " if near else ""
            return "unknown tool", f"there is no tool {name!r:.80}; {hint}There are {', '.join(self._names)}"
        tool = self._tool(name)
        if tool.effect == "changes" and not self._may_change:
            return "refused", f"{name} changes something and nobody has approved that"
        if tool.effect == "plans" and not self._may_plan:
            return "refused", f"{name} writes a plan, and this conversation only reads; a person may switch: /mode plan"
        with self._lock:
            self._used[name] += 1
            if self._used.total() > self.limits.calls:
                return "limit", f"all {self.limits.calls} tool calls of this conversation are used; answer now"
            if self._used[name] > self.limits.calls_a_tool:
                return "limit", f"all {self.limits.calls_a_tool} calls of {name} are used; use another tool or answer"
        try:
            checked = tool.arguments.model_validate(arguments)
        except ValidationError as error:
            return "invalid arguments", f"{explain_validation(error)}. Call {name} again with these mended"
        return self._recorded(name, tool, checked)

    def _recorded(self, name: str, tool: Tool, arguments: BaseModel) -> tuple[EvidenceOutcome, str]:
        if self._recording is None:
            return self._run(tool, arguments)[:2]
        request = {"tool": name, "arguments": arguments.model_dump(mode="json"), "open": list(self.desk.open_ids)}
        key = self._recording.key("tool", request)
        known = self._recording.find(key)
        if known is None or tool.leaves_draft:
            if known is None and self._recording.replaying:
                raise ModelError(f"the recording has no result of this call of {name}; it was made with other code")
            outcome, text, seconds = self._run(tool, arguments)
            if known is None:
                self._recording.add(Exchange(key, "tool", request, [outcome, text], {"seconds": seconds}))
            return outcome, text
        if not isinstance(known.response, list) or len(known.response) != 2:  # noqa: PLR2004  # as it is recorded above
            raise ModelError(f"the recorded result of a call of {name} can't be read; record anew, without this file")
        return known.response[0], known.response[1]

    def _run(self, tool: Tool, arguments: BaseModel) -> tuple[EvidenceOutcome, str, float]:
        started = time.perf_counter()
        own = ThreadPoolExecutor(max_workers=1) if self._executor is None else None
        future = (own or self._executor or ThreadPoolExecutor()).submit(tool.run, self.desk, arguments)
        try:
            result = future.result(timeout=self.limits.seconds)
            outcome: EvidenceOutcome = "ok"
            text = json.dumps(_rounded(result.model_dump(mode="json"), tool.digits), separators=(",", ":"))
        except Late:
            future.cancel()
            outcome, text = "timeout", f"it took more than {self.limits.seconds:g} s; ask for something smaller"
        except AuroraError as error:
            outcome, text = "failed", str(error)
        except Exception as error:  # a tool that fails on a model's input must not end the conversation
            outcome, text = "failed", f"it can't work on this ({type(error).__name__}: {error!s:.200})"
        finally:
            if own is not None:
                own.shutdown(wait=False)  # a late call continues in its thread; its result is not awaited
        return outcome, text, time.perf_counter() - started

    def _more(self, arguments: Any) -> tuple[EvidenceOutcome, str]:
        try:
            wanted = MoreArguments.model_validate(arguments)
        except ValidationError as error:
            return "invalid arguments", explain_validation(error)
        found = next((e for e in self.journal if f"E{e.number}" == wanted.id), None)
        if found is None:
            return "failed", f"there is no result {wanted.id!r}"
        return "ok", self._part(found, wanted.offset)


def told_of(name: str) -> tuple[str, type[BaseModel]]:
    """Return what a model is told of a tool: its description, and the type of its arguments.

    Args:
        name: Name of a tool, or of the harness's own.
    """
    if name == MORE:
        return "Show more of an earlier result that was cut.", MoreArguments
    tool = TOOLS[name]
    return tool.description, tool.arguments


def _rounded(value: Any, digits: int) -> Any:
    """Round the numbers of a JSON value to significant digits."""
    if isinstance(value, float):
        return float(f"{value + 0.0:.{digits}g}")  # turns -0.0 into 0.0
    if isinstance(value, dict):
        return {k: _rounded(v, digits) for k, v in value.items()}
    return [_rounded(v, digits) for v in value] if isinstance(value, list) else value
