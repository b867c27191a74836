"""A chat model whose every call is counted, recorded, limited and tried again where that can help."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from aurora.agents.budget import FAULT, Budget, Price, Purse, Spent, price_of
from aurora.agents.model import ModelName, connect, explained
from aurora.errors import ModelError
from aurora.tools.recording import Exchange, Recording

TRIES = 6
"""Calls that a question may take."""
FIRST_WAIT = 1.0
"""Seconds before the second try, about; doubled for each further one."""
LONGEST_WAIT = 60.0
"""Seconds; a provider that asks for more is waited for no longer."""
AT_ONCE = 4
"""Calls that may be under way at the same time."""
MAX_ANSWER = 200_000
"""Characters of an answer; a longer one is not read."""
CHARACTERS_A_TOKEN = 4
"""About, for servers that don't count."""


class Call(NamedTuple):
    """A call that was answered, for whoever watches.

    Attributes:
        model: As `provider:model`.
        cached: Whether the answer was known already.
        spent: Of the whole run.
    """

    model: str
    cached: bool
    spent: Spent


class MeteredModel(BaseChatModel):
    """A chat model that asks another one, and keeps the books.

    Attributes:
        inner: Who is asked.
        name_: The model's name.
        purse: The budget, and what is spent.
        recording: Where exchanges are kept; what it holds already is not asked again.
        price: Of a token; None: unknown.
        first_wait: Seconds before a second try.
        watch: Called after every answer.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: BaseChatModel
    name_: ModelName
    purse: Purse
    recording: Recording
    price: Price | None = None
    first_wait: float = FIRST_WAIT
    watch: Callable[[Call], None] | None = None
    slots: Any = None

    def model_post_init(self, context: Any) -> None:
        """Make what can't be given."""
        super().model_post_init(context)
        self.slots = threading.BoundedSemaphore(AT_ONCE)

    @property
    def _llm_type(self) -> str:
        return "aurora-metered"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Runnable[Any, AIMessage]:
        """The model with tools, in the form that the model asked takes them."""
        bound: Any = self.inner.bind_tools(tools, tool_choice=tool_choice, **kwargs)
        return self.bind(**bound.kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        request = {
            "model": str(self.name_),
            "messages": [_plain(m) for m in messages],
            "settings": kwargs if stop is None else {**kwargs, "stop": stop},
        }
        key = self.recording.key("model", request)
        found = self.recording.find(key)
        if found is None and self.recording.replaying:
            raise ModelError(
                "the recording has no answer to this question; it was made with other prompts, settings or code",
                provider=self.name_.provider,
            )
        if found is not None:
            self.purse.cached()
        exchange = found or self._pay(key, request, messages, stop, kwargs)
        if self.watch is not None:
            self.watch(Call(str(self.name_), found is not None, self.purse.spent))
        return ChatResult(generations=[ChatGeneration(message=_message(exchange))])

    def _pay(
        self, key: str, request: Any, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Exchange:
        self.purse.reserve()
        started = time.perf_counter()
        faults: Counter[str] = Counter()
        try:
            with self.slots:
                message = self._ask(messages, stop, kwargs, faults)
        except BaseException:
            self.purse.release(faults)
            # Noted under a key that no question has, so that it is counted, and asked again all the same.
            self.recording.add(Exchange(f"{key} given up {started}", "model", None, None, _counted(faults)))
            raise
        tokens_in, tokens_out = _tokens(message, request)
        price = self.price or Price(0.0, 0.0)
        cost = {
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "dollars": (tokens_in * price.tokens_in + tokens_out * price.tokens_out) / 1e6,
            "seconds": time.perf_counter() - started,
            "retries": faults.total(),
            **_counted(faults),
        }
        self.purse.pay(cost)
        exchange = Exchange(key, "model", request, _bounded(_plain(message)), cost)
        self.recording.add(exchange)
        return exchange

    def _ask(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any], faults: Counter[str]
    ) -> AIMessage:
        """The answer; tries that failed before it are counted."""

        def once() -> AIMessage:
            try:
                answer = self.inner.invoke(messages, stop=stop, **kwargs)
            except Exception as error:  # clients raise whatever a broken answer leads them to; nothing is lost in it
                told = explained(error, self.name_)
                faults[told.fault or "refused"] += 1
                raise told from error
            if not answer.content and not answer.tool_calls and not answer.invalid_tool_calls:
                faults["empty answer"] += 1
                raise ModelError(f"{self.name_} gave an empty answer", provider=self.name_.provider, retryable=True)
            return answer

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            backoff = self.first_wait * 2 ** (state.attempt_number - 1)
            asked = error.retry_after if isinstance(error, ModelError) and error.retry_after is not None else 0.0
            # Full jitter, so that many runs that were refused together don't come back together.
            return min(LONGEST_WAIT, max(asked, random.uniform(0, backoff)))

        trying = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait,
            retry=retry_if_exception(lambda e: isinstance(e, ModelError) and e.retryable),
            reraise=True,
        )
        return trying(once)


def metered(  # what a session is opened with
    name: ModelName,
    *,
    budget: Budget = Budget(),  # noqa: B008  # immutable
    recording: Recording | None = None,
    watch: Callable[[Call], None] | None = None,
    inner: BaseChatModel | None = None,
    first_wait: float = FIRST_WAIT,
) -> MeteredModel:
    """A model ready for use.

    Args:
        name: The model.
        budget: Limits; what the recording holds counts as spent.
        recording: Of the session; None: in memory.
        watch: Called after every answer.
        inner: Who is asked, if not the provider that the name names.
        first_wait: Seconds before a second try.

    Raises:
        ModelError: It can't be reached with what the environment says, or has no price where dollars are limited.
    """
    recording = Recording() if recording is None else recording
    return MeteredModel(
        inner=connect(name, offline=recording.replaying) if inner is None else inner,
        name_=name,
        purse=Purse(budget, recording),
        recording=recording,
        price=price_of(str(name), needed=budget.dollars is not None),
        first_wait=first_wait,
        watch=watch,
    )


def _counted(faults: Mapping[str, int]) -> dict[str, float]:
    return {FAULT + name: float(count) for name, count in faults.items()}


def _plain(message: BaseMessage) -> dict[str, Any]:
    """A message as JSON, without what differs from one run to the next."""
    plain: dict[str, Any] = {"type": message.type, "content": message.content}
    if isinstance(message, AIMessage):
        if message.tool_calls:
            plain["tool_calls"] = [{"name": c["name"], "args": c["args"], "id": c["id"]} for c in message.tool_calls]
        if message.invalid_tool_calls:
            plain["invalid_tool_calls"] = [dict(c) for c in message.invalid_tool_calls]
    if isinstance(message, ToolMessage):
        plain |= {"tool_call_id": message.tool_call_id, "status": message.status}
    return plain


def _bounded(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, or in the place of one that is much too long its beginning."""
    size = sum(len(str(answer.get(k, ""))) for k in ("content", "tool_calls", "invalid_tool_calls"))
    if size <= MAX_ANSWER:
        return answer
    start = str(answer["content"] or answer.get("tool_calls") or answer.get("invalid_tool_calls"))[:1000]
    return {"type": "ai", "content": f"{start}\n[cut: the answer had {size} characters, at most {MAX_ANSWER} are read]"}


def _message(exchange: Exchange) -> AIMessage:
    answer, cost = exchange.response, exchange.cost
    tokens_in, tokens_out = int(cost["tokens_in"]), int(cost["tokens_out"])
    return AIMessage(
        content=answer["content"],
        tool_calls=answer.get("tool_calls", []),
        invalid_tool_calls=answer.get("invalid_tool_calls", []),
        usage_metadata={
            "input_tokens": tokens_in,
            "output_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        },
    )


def _tokens(message: AIMessage, request: Any) -> tuple[int, int]:
    """Tokens in and out, as counted by the provider, or about as many."""
    usage = message.usage_metadata
    if usage is not None:
        return usage["input_tokens"], usage["output_tokens"]
    return len(str(request)) // CHARACTERS_A_TOKEN, len(str(_plain(message))) // CHARACTERS_A_TOKEN
