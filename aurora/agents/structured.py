"""One question, one valid answer: a model is asked under a schema, and told what is wrong until it is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ValidationError

from aurora.agents.answers import PolicyAnswer
from aurora.agents.budget import LOCAL
from aurora.agents.grammar import policy_grammar
from aurora.agents.metered import MeteredModel
from aurora.errors import AnswerError, AuroraError, BudgetExceeded, ModelError
from aurora.sim.validation import explain_validation

Schema = TypeVar("Schema", bound=BaseModel)
Result = TypeVar("Result")

GRAMMARS: Mapping[type[BaseModel], Callable[[], str]] = {PolicyAnswer: policy_grammar}
"""Answers that a grammar describes more closely than a schema can."""
REFUSED = "That answer is not valid: "
"""How a model is told so."""
ATTEMPTS = 4
"""Answers that a question may take before it is given up."""
SHOWN = 4000
"""Characters of a wrong answer, and of what is wrong with it, that its author is shown."""
OPENINGS = 50
"""Places in a text at which its JSON may begin that are tried."""


class Answered(NamedTuple):
    """What came of a question.

    Attributes:
        value: The valid answer.
        rejected: What was wrong with the answers before it.
    """

    value: Any
    rejected: tuple[str, ...]


def ask(
    model: MeteredModel,
    messages: Sequence[BaseMessage],
    schema: type[Schema],
    accept: Callable[[Schema], Result],
    *,
    temperature: float | None = None,
    attempts: int = ATTEMPTS,
) -> Answered:
    """Ask a model until its answer is valid.

    Where a provider can be held to a schema, it is: local models by Outlines, Anthropic's by a forced tool
    call, all others by the JSON-schema mode. The answer is validated here whatever they promise.

    Args:
        model: Who is asked.
        messages: The conversation so far, ending with the question.
        schema: Of the answer.
        accept: Makes the result of a valid answer; an `AuroraError` from it goes back to the model too.
        temperature: Of sampling; None: the provider's own.
        attempts: Answers that it may take.

    Raises:
        AnswerError: No answer was valid; it holds the last.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    bound = _bound(model, schema, temperature)
    conversation = list(messages)
    rejected: list[str] = []
    shown = ""
    for _ in range(attempts):
        answer = bound.invoke(conversation)
        shown = _text(answer)
        try:
            value = accept(schema.model_validate(data_in(answer, schema)))
        except ValidationError as error:
            problem = explain_validation(error)
        except (BudgetExceeded, ModelError):
            raise
        except (AuroraError, ValueError) as error:
            problem = str(error)
        else:
            return Answered(value, tuple(rejected))
        problem = problem[:SHOWN]
        rejected.append(problem)
        conversation += _returned(answer, problem)
    raise AnswerError(
        f"{model.name_} gave no valid {schema.__name__} in {attempts} answers; the last one: {rejected[-1]}",
        provider=model.name_.provider,
        answer=shown,
    )


def response_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of an answer in the form that all providers take: nothing optional, no titles, no defaults."""
    cleaned: dict[str, Any] = _without(schema.model_json_schema(), ("title", "default"))
    return cleaned


def _without(value: Any, keys: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        # Names of properties are data: a field may well be called `title`.
        return {
            k: {n: _without(v, keys) for n, v in v.items()} if k in ("properties", "$defs") else _without(v, keys)
            for k, v in value.items()
            if k not in keys
        }
    return [_without(v, keys) for v in value] if isinstance(value, list) else value


def _bound(model: MeteredModel, schema: type[BaseModel], temperature: float | None) -> Runnable[Any, AIMessage]:
    settings: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
    if model.name_.provider == LOCAL and schema in GRAMMARS:
        return model.bind(response_format={"type": "grammar", "grammar": GRAMMARS[schema]()}, **settings)
    name, wanted = schema.__name__, response_schema(schema)
    if model.name_.provider == "anthropic":
        tool = {"name": name, "description": schema.__doc__ or name, "input_schema": wanted}
        return model.bind_tools([tool], tool_choice=name, **settings)
    form = {"name": name, "schema": wanted, "strict": True}
    return model.bind(response_format={"type": "json_schema", "json_schema": form}, **settings)


def _text(answer: AIMessage) -> str:
    if answer.tool_calls:
        return json.dumps(answer.tool_calls[0]["args"])
    if answer.invalid_tool_calls:
        return str(answer.invalid_tool_calls[0].get("args") or "")
    return answer.text


def data_in(answer: AIMessage, schema: type[BaseModel]) -> Any:
    """The JSON in an answer: a tool call's arguments, or what stands in the text, prose around it or not.

    Raises:
        ValueError: There is none.
    """
    if answer.tool_calls:
        return answer.tool_calls[0]["args"]
    text = _text(answer)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    decoder = json.JSONDecoder()
    start, found = -1, None
    for _ in range(OPENINGS):
        start = text.find("{", start + 1)
        if start < 0:
            break
        try:
            found, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and set(found) & set(schema.model_fields):
            return found
    raise ValueError(f"there is no complete JSON object of a {schema.__name__} in the answer")


def _returned(answer: AIMessage, problem: str) -> list[BaseMessage]:
    """A wrong answer, shortened, and what is wrong with it."""
    told = f"{REFUSED}{problem}\nAnswer again, with the whole corrected object and nothing else."
    if answer.tool_calls:
        replies = [ToolMessage(told, tool_call_id=c["id"] or "", status="error") for c in answer.tool_calls]
        return [answer, *replies]
    return [AIMessage(_text(answer)[:SHOWN] or "(nothing)"), HumanMessage(told)]
