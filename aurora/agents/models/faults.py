"""Faults of requests to models: their kinds, remedies, and whether another try can help."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from langchain_core import exceptions as langchain
from langchain_core.messages import AIMessage

from aurora.agents.models.adaptation import NO_TOOLS, REFUSAL_STATUSES
from aurora.agents.models.listening import STOPPED
from aurora.agents.models.masking import one_line
from aurora.agents.models.model import ANSWER_TOKENS_VARIABLE, TIMEOUT_VARIABLE, ModelName
from aurora.agents.models.replies import Receipt
from aurora.agents.models.thoughts import is_refusal
from aurora.errors import DeclinedError, ModelError

TRIES_OF_FAULT: Mapping[str, int] = {
    "empty answer": 3,
    "unreadable answer": 3,
    "broken stream": 3,
    "too large": 2,
}
"""Most requests of a question by a fault that was paid for; an unpaid one is tried `MOST_TRIES` times."""
MOST_TRIES = 6
RETRIED_FAULTS = ("timeout", "connection", "rate limit", "overloaded", "server error", *TRIES_OF_FAULT)
"""Faults that another try may cure."""
DECLINING_FAULTS = ("refusal", "filtered")
"""Refusals of a single question: it is not sent again, and the session continues."""
QUESTION_FAULTS = ("invalid request", "too long")
"""Faults blamed on the question once the model has answered others."""
_QUOTA = re.compile(r"current quota|billing|insufficient.{0,10}(?:balance|quota|credit|fund)|credit balance", re.I)
_FILTERED = re.compile(
    r"content[_ ]?(?:filter|management policy|policy violation)|responsible ?ai|moderation|was flagged", re.I
)
_TOO_LONG = re.compile(
    r"context[_ ](?:length|window)|prompt is too long|input is too long|maximum context|too many (?:input )?tokens"
    r"|input tokens exceed|reduce the length|request too large|tokens must be reduced",
    re.I,
)
_TOO_MANY_WANTED = re.compile(r"max(?:_completion|_output)?_tokens.{0,60}(?:too large|maximum|at most|exceed|>)", re.I)
_NO_ACCESS = re.compile(r"model_not_found|access to (?:the )?model", re.I)
_AUTH, _PAY, _ABSENT, _LARGE, _LIMIT = (401, 403), 402, (404, 405), 413, 429
_BUSY = (408, 409, 425)
_OVERLOADED = 529
_SERVER = 500
_LOWEST_ERROR = 400


class _FaultText(NamedTuple):
    """A kind of fault and its message, in which `{name}` stands for the model."""

    fault: str
    text: str


def explain_fault(error: Exception, receipt: Receipt, name: ModelName) -> ModelError:
    """Explain why a request got no answer.

    Args:
        error: Exception of the provider's client.
        receipt: Receipt of the request; without an HTTP status, the exception decides.
        name: Name of the model.
    """
    kind = _of_receipt(receipt, name) if receipt.status or receipt.fault else _of_exception(error, name)
    detail = receipt.detail or receipt.message or one_line(str(error)) or type(error).__name__
    return _error(kind, detail, receipt, name)


def fault_of(answer: AIMessage, receipt: Receipt, name: ModelName, *, in_prose: bool = False) -> ModelError | None:
    """Return the fault of a message that can't be an answer; None: it can. Its validity is checked elsewhere.

    Args:
        answer: The message.
        receipt: What the provider sent with it.
        name: Name of the model.
        in_prose: True: answers are prose, in which "I can't tell" is one; a refusal is what the provider marks as such.
    """
    text = answer.text.strip()
    words = receipt.refusal or (text if not in_prose and is_refusal(text) and not answer.tool_calls else "")
    if receipt.stop == "refusal" or words:
        return _error(_FaultText("refusal", "{name} declined the question"), words or "no reason given", receipt, name)
    if receipt.stop == "filter":
        kind = _FaultText(
            "filtered", "{name}'s provider filtered its answer; change the names or texts in what is asked"
        )
        return _error(kind, one_line(text) or "nothing was let through", receipt, name)
    if receipt.stop == "error":
        return _error(
            _FaultText("server error", "{name} failed in the middle of an answer"), one_line(text), receipt, name
        )
    if text or answer.tool_calls:
        return None
    if receipt.stop == "length":
        return _error(_FaultText("length", _LENGTH), "finish reason: length", receipt, name)
    kind = _FaultText("empty answer", "{name} gave an empty answer" + (" after its thoughts" if answer.content else ""))
    return _error(kind, "no text and no tool call", receipt, name)


_LENGTH = (
    "{name} reached the limit of tokens while reasoning, before it answered; "
    f"allow more with answer_tokens or {ANSWER_TOKENS_VARIABLE}, or take a model that reasons less"
)


def tries(fault: str) -> int:
    """Return the most requests of a question whose latest fault is this one."""
    return TRIES_OF_FAULT.get(fault, MOST_TRIES) if fault in RETRIED_FAULTS else 1


def of_this_question(error: ModelError) -> ModelError:
    """Turn an error of the model into one of the question, where the model has answered others."""
    if error.fault not in QUESTION_FAULTS:
        return error
    return DeclinedError(str(error), provider=error.provider, fault=error.fault)


def _error(kind: _FaultText, detail: str, receipt: Receipt, name: ModelName) -> ModelError:
    text = f"{kind.text.format(name=name)} ({detail})" if detail else kind.text.format(name=name)
    if kind.fault in DECLINING_FAULTS or kind.fault == "length":
        return DeclinedError(text, provider=name.provider, fault=kind.fault)
    return ModelError(
        text,
        provider=name.provider,
        retryable=kind.fault in RETRIED_FAULTS,
        retry_after=receipt.retry_after,
        fault=kind.fault,
    )


def _of_receipt(receipt: Receipt, name: ModelName) -> _FaultText:  # one return a condition
    status, refusal = receipt.status, f"{receipt.code} {receipt.kind} {receipt.message}"
    if receipt.fault or status < _LOWEST_ERROR:
        return _of_fault(receipt.fault or "unreadable answer")
    if status == _PAY or _QUOTA.search(refusal):
        return _FaultText("quota", "the account of {name} has no quota left; see its plan and billing")
    if _TOO_LONG.search(refusal) or status == _LARGE:
        return _FaultText("too long", "the prompt is longer than {name} can read; use a model with a larger context")
    if _FILTERED.search(refusal) and status < _LIMIT:
        return _FaultText(
            "filtered", "{name}'s provider filtered the question; change the names or texts in what is asked"
        )
    if status in REFUSAL_STATUSES and NO_TOOLS.search(f"{receipt.param}: {receipt.message}"):
        return _FaultText("no tools", "{name} takes no tools")
    if status in _ABSENT or (status in _AUTH and _NO_ACCESS.search(refusal)):
        return _FaultText("refused", "there is no {name}; check the name and the address")
    if status in _AUTH:
        return _FaultText("refused", f"{{name}} refused the key; check {name.row.key or 'the credentials'}")
    if status == _LIMIT:
        return _FaultText("rate limit", "{name} limits the rate of calls")
    if status == _OVERLOADED:
        return _FaultText("overloaded", "{name} is overloaded; try again later")
    if status in _BUSY or status >= _SERVER:
        return _FaultText("server error", "{name} failed")
    if _TOO_MANY_WANTED.search(receipt.message):
        more = f"{{name}} gives no answers of that length; lower answer_tokens or {ANSWER_TOKENS_VARIABLE}"
        return _FaultText("refused", more)
    return _FaultText("invalid request", "{name} refuses the request")


def _of_fault(fault: str) -> _FaultText:
    texts = {
        "timeout": f"{{name}} did not answer in time; allow a longer timeout, or set {TIMEOUT_VARIABLE}",
        "connection": "{name} can't be reached, or the connection broke; check its address, the proxy and the network",
        "redirect": "{name}'s server redirects to another host, which does not get the key; set that address yourself",
        "too large": "{name} gave an answer above the size limit",
        "broken stream": "{name}'s answer broke off",
        STOPPED: "{name} was stopped",
    }
    return _FaultText(fault, texts.get(fault, "{name} gave an answer that can't be read"))


def _of_exception(error: Exception, name: ModelName) -> _FaultText:
    """Classify an exception of a model without HTTP, or of a client before it sent anything."""
    match error:
        case langchain.ContextOverflowError():
            return _FaultText(
                "too long", "the prompt is longer than {name} can read; use a model with a larger context"
            )
        case langchain.ModelInvalidRequestError():
            return _FaultText("invalid request", "{name} refuses the request")
        case langchain.ModelTimeoutError():
            return _of_fault("timeout")
        case langchain.ModelConnectionError():
            return _of_fault("connection")
        case _ if name.row.is_remote:
            return _FaultText("invalid request", "{name}'s client can't send this question")
        case _:
            return _of_fault("unreadable answer")
