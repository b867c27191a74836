"""Runs an agent: a prompt, a model, tools under a harness, and a valid answer at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelCallLimitMiddleware
from langchain.agents.structured_output import StructuredOutputValidationError, ToolStrategy
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel, ValidationError

from aurora.agents.models.metered import MeteredModel
from aurora.agents.models.structured import MAX_CHARACTERS_RETURNED, NOT_VALID, ask, data_in
from aurora.errors import AuroraError, BudgetExceeded, ModelError
from aurora.tools.arguments import problem_of
from aurora.tools.harness import Evidence, Harness
from aurora.validation import explain_validation

Schema = TypeVar("Schema", bound=BaseModel)

MAX_TURNS = 12
"""Most calls of the model in a conversation with tools; the answer is asked for after that."""
ACCEPTED = "Thank you."
ANSWER_NOW = "Answer now, with the object that was asked for."


class Finished(NamedTuple):
    """Result of an agent's conversation.

    Attributes:
        value: Accepted answer.
        rejected: Reasons for which earlier answers were rejected.
        evidence: Tool calls of the conversation.
    """

    value: Any
    rejected: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class _Harnessed(AgentMiddleware[Any, Any, Any]):
    """Sends every tool call through a harness, numbered in the order in which the model made them."""

    def __init__(self, harness: Harness, answer: str, temperature: float | None) -> None:
        super().__init__()
        self._harness = harness
        self._answer = answer
        self._settings = {} if temperature is None else {"temperature": temperature}
        self.tools = harness.langchain_tools()

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        return handler(request.override(model_settings=self._settings))

    def after_model(self, state: Any, runtime: Any) -> None:
        last = next((m for m in reversed(state["messages"]) if isinstance(m, AIMessage)), None)
        if last is not None:
            self._harness.reserve([str(c["id"]) for c in last.tool_calls if c["name"] != self._answer])

    def wrap_tool_call(self, request: Any, handler: Any) -> ToolMessage:
        call = request.tool_call
        shown = self._harness.call(call["name"], call["args"], call["id"])
        return ToolMessage(shown, tool_call_id=call["id"], name=call["name"])


def run_agent(
    model: MeteredModel,
    prompt: tuple[str, str],
    schema: type[Schema],
    accept: Callable[[Schema], Any],
    *,
    harness: Harness | None = None,
    temperature: float | None = None,
) -> Finished:
    """Let a model call tools, then return its answer.

    A local model answers at once, without tools: it is small, and its grammar is that of an answer. So does a model
    whose server reports that it takes no tools.

    Args:
        model: Model to ask.
        prompt: System and user message.
        schema: Schema of the answer.
        accept: Function from a valid answer to the result; an `AuroraError` that it raises goes back to the model.
        harness: Tools of the model; None: none.
        temperature: Sampling temperature; None: the provider's default.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    messages: list[BaseMessage] = [SystemMessage(prompt[0]), HumanMessage(prompt[1])]
    if harness is None or model.name_.row.is_local:
        answered = ask(model, messages, schema, accept, temperature=temperature)
        return Finished(answered.value, answered.rejected, ())
    try:
        state = _converse(model, messages, schema, harness, temperature)
    except ModelError as error:
        if error.fault != "no tools":
            raise
        answered = ask(model, messages, schema, accept, temperature=temperature)
        return Finished(answered.value, (str(error), *answered.rejected), ())
    evidence = tuple(harness.journal)
    conversation = state["messages"]
    rejected: tuple[str, ...] = tuple(_refusals(conversation, schema))
    try:
        answer = state.get("structured_response") or _written(conversation[-1], schema)
        if answer is not None:
            return Finished(accept(answer), rejected, evidence)
        conversation = [*conversation, HumanMessage(ANSWER_NOW)]
    except (BudgetExceeded, ModelError):
        raise
    except AuroraError as error:
        rejected = (*rejected, str(error))
        conversation = [*conversation, HumanMessage(f"{NOT_VALID}{error}\n{ANSWER_NOW}")]
    answered = ask(model, conversation, schema, accept, temperature=temperature)
    return Finished(answered.value, rejected + answered.rejected, evidence)


def _converse(
    model: MeteredModel,
    messages: Sequence[BaseMessage],
    schema: type[BaseModel],
    harness: Harness,
    temperature: float | None,
) -> dict[str, Any]:
    agent: Any = create_agent(
        model,
        middleware=[
            _Harnessed(harness, schema.__name__, temperature),
            ModelCallLimitMiddleware(run_limit=MAX_TURNS, exit_behavior="end"),
        ],
        response_format=ToolStrategy(schema, tool_message_content=ACCEPTED, handle_errors=_reason_text),
    )
    end: dict[str, Any] = agent.invoke({"messages": list(messages)}, {"recursion_limit": 6 * MAX_TURNS})
    return end


def _written(last: BaseMessage, schema: type[Schema]) -> Schema | None:
    """Return the answer that a model wrote as text in place of a tool call; None: there is none."""
    if not isinstance(last, AIMessage) or last.tool_calls:
        return None
    try:
        return schema.model_validate(data_in(last, schema))
    except ValueError:  # text without an answer: it is asked for next
        return None


def _reason_text(error: Exception) -> str:
    """Describe for the model what is wrong with its answer."""
    called = error.ai_message.tool_calls if isinstance(error, StructuredOutputValidationError) else []
    malformed = next((p for c in called if (p := problem_of(c["args"]))), "")
    if malformed:
        return NOT_VALID + malformed
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ValidationError):
        cause = getattr(cause, "source", None) or cause.__cause__
    problem = explain_validation(cause) if isinstance(cause, ValidationError) else str(error)
    return NOT_VALID + problem[:MAX_CHARACTERS_RETURNED]


def _refusals(messages: Sequence[BaseMessage], schema: type[BaseModel]) -> list[str]:
    """List the reasons for which answers were sent back."""
    return [
        m.text.removeprefix(NOT_VALID)
        for m in messages
        if isinstance(m, ToolMessage) and m.name == schema.__name__ and m.text != ACCEPTED
    ]
