"""One question, one valid answer: a model is asked under a schema, and told what is wrong until it is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ValidationError

from aurora.agents.models.budget import LOCAL
from aurora.agents.models.metered import CUT, MeteredModel
from aurora.agents.models.schemas import response_schema
from aurora.errors import AnswerError, AuroraError, BudgetExceeded, ModelError
from aurora.tools.arguments import half_character, problem_of
from aurora.validation import explain_validation

Schema = TypeVar("Schema", bound=BaseModel)
Result = TypeVar("Result")

REFUSED = "That answer is not valid: "
"""How a model is told so."""
WAS_CUT = "It came to the limit of tokens and was cut off there; answer more briefly. "
"""What a model is told of such an answer before what is wrong with it."""
ATTEMPTS = 4
"""Answers that a question may take before it is given up."""
SHOWN = 4000
"""Characters of a wrong answer, and of what is wrong with it, that its author is shown."""
WRAPPINGS = 3
"""Lists, objects and JSON texts in which an answer may be wrapped, one within another."""
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
        schema: Of the answer; its `grammar`, where it has one, is what a local model is held to in place of it.
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
        problem = (f"{WAS_CUT}{problem}" if answer.response_metadata.get(CUT) else problem)[:SHOWN]
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
    if model.name_.provider == LOCAL and grammar is not None:
        return model.bind(response_format={"type": "grammar", "grammar": grammar()}, **settings)
    # Local decoding is held to limits of length too, which providers' strict modes refuse to be told.
    is_local = model.name_.provider == LOCAL
    name, wanted = schema.__name__, schema.model_json_schema() if is_local else response_schema(schema)
    if model.name_.provider == "anthropic":
        tool = {"name": name, "description": schema.__doc__ or name, "input_schema": wanted}
        return model.bind_tools([tool], tool_choice=name, **settings)
    form = {"name": name, "schema": wanted, "strict": True}
    return model.bind(response_format={"type": "json_schema", "json_schema": form}, **settings)


def _text(answer: AIMessage) -> str:
    return json.dumps(answer.tool_calls[0]["args"]) if answer.tool_calls else answer.text


def data_in(answer: AIMessage, schema: type[BaseModel]) -> Any:
    """The JSON in an answer: a tool call's arguments, or what stands in the text, prose around it or not.

    Where there are several objects, the one with most of the schema's fields counts; of equals the last.

    Raises:
        ValueError: There is none, or it has half a character in it.
    """
    if answer.tool_calls:
        called = _call_of(answer, schema)["args"]
        problem = problem_of(called)
        if problem:
            raise ValueError(problem)
        within = _within(called, schema)
        found = called if within is None else within
    else:
        found = _object_in(_text(answer), schema)
    found = _unpacked(found, schema)
    half = half_character(found)
    if half:
        raise ValueError(f"{half} has half an emoji or another character that is not whole; write it without")
    return found


def _call_of(answer: AIMessage, schema: type[BaseModel]) -> Any:
    """The tool call that is the answer."""
    return next((c for c in answer.tool_calls if c["name"] == schema.__name__), answer.tool_calls[0])


def _object_in(text: str, schema: type[BaseModel]) -> Any:
    whole = _json(text)
    if whole is not None:
        within = _within(whole, schema)
        return whole if within is None else within
    decoder = json.JSONDecoder()
    start, best, most, fault = -1, None, 0, ""
    for _ in range(OPENINGS):
        start = text.find("{", start + 1)
        if start < 0:
            break
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            fault = fault or f"; the first one breaks off: {error}"
            continue
        fields = _fields(found, schema)
        if fields:
            best, most = (found, fields) if fields >= most else (best, most)
            start = end - 1  # what is within it is no answer of its own
    if best is None:
        raise ValueError(f"there is no complete JSON object of a {schema.__name__} in the answer{fault}")
    return best


def _within(value: Any, schema: type[BaseModel], depth: int = 0) -> Any:
    """The object with most of the schema's fields; of equals the last; None: there is none.

    Models wrap an answer: in a list, under the name of its schema, in a call of it written as text, or in a JSON
    text. What is within an object with a field of the schema is no answer of its own.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        value = _json(value)
    if depth > WRAPPINGS or not isinstance(value, dict | list):
        return None
    if isinstance(value, dict) and _fields(value, schema):
        return value
    inner = value.values() if isinstance(value, dict) else value
    found = [f for v in inner if (f := _within(v, schema, depth + 1)) is not None]
    return max(reversed(found), key=lambda f: _fields(f, schema), default=None)


def _fields(value: Any, schema: type[BaseModel]) -> int:
    return len(set(value) & set(schema.model_fields))


def _unpacked(found: Any, schema: type[BaseModel]) -> Any:
    """An object whose lists and objects are such, also where a model has written them as JSON texts."""
    if not isinstance(found, dict):
        return found
    texts = {name for name, field in schema.model_fields.items() if field.annotation is str}
    packed = {k: v for k, v in found.items() if isinstance(v, str) and k not in texts and v.lstrip()[:1] in ("{", "[")}
    return found | {k: read for k, v in packed.items() if (read := _json(v)) is not None}


def _json(text: str) -> Any:
    """The value of a JSON text; None: it is none, or null."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _returned(answer: AIMessage, problem: str) -> list[BaseMessage]:
    """A wrong answer, shortened, and what is wrong with it; a reply to each tool call, as providers want it."""
    told = f"{REFUSED}{problem}\nAnswer again, with the whole corrected object and nothing else."
    if answer.tool_calls:
        replies = [ToolMessage(told, tool_call_id=c["id"], status="error") for c in answer.tool_calls]
        return [answer, *replies]
    return [AIMessage(_text(answer)[:SHOWN] or "(nothing)"), HumanMessage(told)]
