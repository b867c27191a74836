"""Asks a model for an answer of a schema, and sends back invalid answers with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ValidationError

from aurora.agents.models.metered import CUT_KEY, MeteredModel
from aurora.agents.models.schemas import response_schema
from aurora.errors import AnswerError, AuroraError, BudgetExceeded, ModelError
from aurora.tools.arguments import half_character, problem_of
from aurora.validation import explain_validation

Schema = TypeVar("Schema", bound=BaseModel)
Result = TypeVar("Result")

NOT_VALID = "That answer is not valid: "
"""Beginning of the message that sends an answer back."""
WAS_CUT = "It came to the limit of tokens and was cut off there; answer more briefly. "
"""Beginning of the reason where an answer was truncated."""
MAX_ATTEMPTS = 4
"""Most answers to a question before it is abandoned."""
MAX_CHARACTERS_RETURNED = 4000
"""Most characters of an invalid answer, and of the reason, that the model is shown."""
MAX_WRAPPINGS = 3
"""Most lists, objects and JSON texts nested around an answer."""
MAX_OPENINGS = 50
"""Most places in a text at which JSON is tried to begin."""


class Answered(NamedTuple):
    """A valid answer.

    Attributes:
        value: Result that `accept` made of it.
        rejected: Reasons for which earlier answers were rejected.
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
    attempts: int = MAX_ATTEMPTS,
) -> Answered:
    """Ask a model until its answer is valid.

    A provider is held to the schema where it can be: local models by Outlines, Anthropic's by a forced tool call,
    all others by the JSON-schema mode. The answer is validated here in any case.

    Args:
        model: Model to ask.
        messages: Conversation so far; it ends with the question.
        schema: Schema of the answer; a local model is held to its `grammar` instead, where it has one.
        accept: Function from a valid answer to the result; an `AuroraError` that it raises goes back to the model.
        temperature: Sampling temperature; None: the provider's default.
        attempts: Most answers.

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
        problem = (f"{WAS_CUT}{problem}" if answer.response_metadata.get(CUT_KEY) else problem)[
            :MAX_CHARACTERS_RETURNED
        ]
        rejected.append(problem)
        conversation += _returned(answer, problem)
    raise AnswerError(
        f"{model.name_} gave no valid {schema.__name__} in {attempts} answers; the last one: {rejected[-1]}",
        provider=model.name_.provider,
        answer=shown,
    )


def _bound(model: MeteredModel, schema: type[BaseModel], temperature: float | None) -> Runnable[Any, AIMessage]:
    settings: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
    grammar = getattr(schema, "grammar", None)
    provider = model.name_.row
    if provider.is_local and grammar is not None:
        return model.bind(response_format={"type": "grammar", "grammar": grammar()}, **settings)
    # Local decoding enforces limits of length too, which providers' strict modes reject in a schema.
    name, wanted = schema.__name__, schema.model_json_schema() if provider.is_local else response_schema(schema)
    if provider.forces_tool:
        tool = {"name": name, "description": schema.__doc__ or name, "input_schema": wanted}
        return model.bind_tools([tool], tool_choice=name, **settings)
    form = {"name": name, "schema": wanted, "strict": True}
    return model.bind(response_format={"type": "json_schema", "json_schema": form}, **settings)


def _text(answer: AIMessage) -> str:
    return json.dumps(answer.tool_calls[0]["args"]) if answer.tool_calls else answer.text


def data_in(answer: AIMessage, schema: type[BaseModel]) -> Any:
    """Find the JSON of an answer: the arguments of a tool call, or an object in the text, within prose or not.

    Of several objects the one with most of the schema's fields counts; of equals the last.

    Raises:
        ValueError: There is none, or it holds a lone surrogate.
    """
    if answer.tool_calls:
        called = _call_of(answer, schema)["args"]
        problem = problem_of(called)
        if problem:
            raise ValueError(problem)
        within = _within(called, schema)
        data = called if within is None else within
    else:
        data = _object_in(_text(answer), schema)
    data = _unpacked(data, schema)
    half = half_character(data)
    if half:
        raise ValueError(f"{half} has half an emoji or another character that is not whole; write it without")
    return data


def _call_of(answer: AIMessage, schema: type[BaseModel]) -> Any:
    """Return the tool call that is the answer."""
    return next((c for c in answer.tool_calls if c["name"] == schema.__name__), answer.tool_calls[0])


def _object_in(text: str, schema: type[BaseModel]) -> Any:
    value = _json(text)
    if value is not None:
        within = _within(value, schema)
        return value if within is None else within
    decoder = json.JSONDecoder()
    start, best, most, fault = -1, None, 0, ""
    for _ in range(MAX_OPENINGS):
        start = text.find("{", start + 1)
        if start < 0:
            break
        try:
            candidate, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            fault = fault or f"; the first one breaks off: {error}"
            continue
        fields = _fields(candidate, schema)
        if fields:
            best, most = (candidate, fields) if fields >= most else (best, most)
            start = end - 1  # an object within it is no answer of its own
    if best is None:
        raise ValueError(f"there is no complete JSON object of a {schema.__name__} in the answer{fault}")
    return best


def _within(value: Any, schema: type[BaseModel], depth: int = 0) -> Any:
    """Find the object with most of the schema's fields; of equals the last; None: there is none.

    Models wrap an answer: in a list, under the name of its schema, in a call of it written as text, or in a JSON
    text. An object within one that has a field of the schema is no answer of its own.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        value = _json(value)
    if depth > MAX_WRAPPINGS or not isinstance(value, dict | list):
        return None
    if isinstance(value, dict) and _fields(value, schema):
        return value
    inner = value.values() if isinstance(value, dict) else value
    inner_answers = [f for v in inner if (f := _within(v, schema, depth + 1)) is not None]
    return max(reversed(inner_answers), key=lambda f: _fields(f, schema), default=None)


def _fields(value: Any, schema: type[BaseModel]) -> int:
    return len(set(value) & set(schema.model_fields))


def _unpacked(data: Any, schema: type[BaseModel]) -> Any:
    """Parse lists and objects that a model wrote as JSON texts within an object."""
    if not isinstance(data, dict):
        return data
    texts = {name for name, field in schema.model_fields.items() if field.annotation is str}
    packed = {k: v for k, v in data.items() if isinstance(v, str) and k not in texts and v.lstrip()[:1] in ("{", "[")}
    return data | {k: read for k, v in packed.items() if (read := _json(v)) is not None}


def _json(text: str) -> Any:
    """Parse a JSON text; None: it is not JSON, or null."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _returned(answer: AIMessage, problem: str) -> list[BaseMessage]:
    """Return a truncated invalid answer and the reason; each tool call gets a reply, as providers require."""
    reason = f"{NOT_VALID}{problem}\nAnswer again, with the whole corrected object and nothing else."
    if answer.tool_calls:
        replies = [ToolMessage(reason, tool_call_id=c["id"], status="error") for c in answer.tool_calls]
        return [answer, *replies]
    return [AIMessage(_text(answer)[:MAX_CHARACTERS_RETURNED] or "(nothing)"), HumanMessage(reason)]
