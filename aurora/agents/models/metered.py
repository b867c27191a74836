"""A chat model whose requests are counted, limited, recorded and retried."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict

from aurora.agents.models.adaptation import OptionalSetting, fitted, sent_settings, to_leave_out
from aurora.agents.models.budget import FAULT_PREFIX, Budget, Cost, Price, Purse, Spent, price_of
from aurora.agents.models.faults import DECLINING_FAULTS, explain_fault, fault_of, of_this_question, tries
from aurora.agents.models.listening import STOPPED, current_listener
from aurora.agents.models.masking import masked
from aurora.agents.models.model import CallLimits, ModelName, call_limits, connect
from aurora.agents.models.replies import OK, Receipt, TokenUsage, receipt_of_call
from aurora.agents.models.tool_calls import with_own_ids
from aurora.errors import DeclinedError, ModelError
from aurora.tools.arguments import whole_characters
from aurora.tools.difference import told_difference
from aurora.tools.recording import Exchange, Recording

FIRST_WAIT = 1.0
"""Mean wait before the second try, seconds; it doubles with each further one."""
LONGEST_WAIT = 60.0
"""Longest wait between tries, seconds, even where the provider asks for more."""
LONG_WAIT = 5.0
"""Wait above which the reason is shown, seconds."""
MAX_CONCURRENT_CALLS = 4
"""Most concurrent calls."""
MAX_ANSWER_CHARACTERS = 200_000
"""Most characters of an answer; a longer one is truncated."""
CHARACTERS_A_TOKEN = 4
"""Approximate characters per token, for servers that don't count tokens."""
CUT_KEY = "cut"
"""Key of a message's metadata: the answer reached the limit of tokens."""
BROKEN_KEY = "broken"
"""Key of a message's metadata: why the answer broke off, after a part of it had reached a person."""


class Call(NamedTuple):
    """An answered call, as observers see it.

    Attributes:
        model: Name of the model, `provider:model`.
        cached: True: the recording held the answer.
        spent: Resources that the run has used so far.
    """

    model: str
    cached: bool
    spent: Spent


class _Tried(NamedTuple):
    """Result of a request: an answer, an error, or a setting (`step`) to leave out of the next one.

    `streamed` is the text that arrived of an answer that broke off; it was paid for.
    """

    answer: AIMessage | None
    error: ModelError | None
    usage: TokenUsage | None
    step: OptionalSetting | None = None
    is_sent: bool = True
    streamed: str = ""


class MeteredModel(BaseChatModel):
    """A chat model that forwards requests to another one and accounts for them.

    Attributes:
        inner: Client of the model.
        name_: Name of the model.
        purse: Budget and spending.
        recording: Recorded exchanges; a question that it holds is not asked again.
        price: Price of tokens; None: unknown.
        answer_tokens: Most tokens of an answer; None: the provider's limit.
        first_wait, longest_wait: Mean wait before a second try, and longest wait before any, seconds.
        watch: Callback after every answer.
        tell: Callback for notes to a person, such as a setting that the model refuses.
        left_out: Names of the settings that the model has refused in this session.
        in_prose: True: answers are prose, in which "I can't tell" is one and no refusal.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: BaseChatModel
    name_: ModelName
    purse: Purse
    recording: Recording
    price: Price | None = None
    answer_tokens: int | None = None
    first_wait: float = FIRST_WAIT
    longest_wait: float = LONGEST_WAIT
    watch: Callable[[Call], None] | None = None
    tell: Callable[[str], None] | None = None
    left_out: frozenset[str] = frozenset()
    in_prose: bool = False
    slots: Any = None
    lock: Any = None

    def model_post_init(self, context: Any) -> None:
        """Initialise private state."""
        super().model_post_init(context)
        self.slots = threading.BoundedSemaphore(MAX_CONCURRENT_CALLS)
        self.lock = threading.Lock()

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Leave out what the model holds: LangChain prints a model at each call, and `watch` holds a whole run."""
        return [("name_", str(self.name_))]

    @property
    def _llm_type(self) -> str:
        return "aurora-metered"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Bind tools in the form of the inner model."""
        bound: Any = self.inner.bind_tools(tools, tool_choice=tool_choice, **kwargs)
        return self.bind(**bound.kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        settings = kwargs if stop is None else {**kwargs, "stop": stop}
        request = {"model": str(self.name_), "messages": [_plain(m) for m in messages], "settings": settings}
        key = self.recording.key("model", request)
        recorded = self.recording.find(key)
        if recorded is None and self.recording.replaying:
            given_up = self.recording.find(f"{key} given up")
            if given_up is not None:
                return self._result(given_up)
            raise ModelError(
                f"the recording has no answer to this question: {told_difference(self.recording, request)}",
                provider=self.name_.provider,
            )
        if recorded is not None:
            self.purse.cached(recorded)
        exchange = recorded or self._pay(key, request, messages, settings)
        if self.watch is not None:
            self.watch(Call(str(self.name_), recorded is not None, self.purse.spent))
        return self._result(exchange)

    def _result(self, exchange: Exchange) -> ChatResult:
        """Return the answer of an exchange.

        Raises:
            ModelError: The exchange holds an error, or nothing readable.
        """
        try:
            if exchange.response["type"] != "ai":
                raise _error(exchange.response, self.name_)
            answer = _message(exchange)
        except (KeyError, TypeError, ValueError) as fault:
            raise ModelError(
                f"the recorded answer to this question can't be read ({fault}); record it anew, without this file",
                provider=self.name_.provider,
            ) from None
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _pay(
        self, key: str, request: Mapping[str, Any], messages: list[BaseMessage], settings: dict[str, Any]
    ) -> Exchange:
        """Send requests until one is answered or none can be. Every request is counted and recorded."""
        failed, wait = 0, 0.0
        while True:
            self.purse.reserve()
            started = time.perf_counter()
            if wait:
                time.sleep(wait)
            tried = _Tried(None, None, None)
            try:
                with self.slots:
                    tried = self._try(messages, settings)
            finally:  # a request that was sent is counted even if the wait for it is interrupted
                cost = self._cost(tried, request, time.perf_counter() - started, failed)
                self.purse.settle(cost, answered=tried.answer is not None)
                if tried.answer is None and (tried.error is None or tried.error.fault not in DECLINING_FAULTS):
                    self.recording.add(Exchange(f"{key} try {uuid.uuid4().hex}", "model", None, None, cost))
            if tried.answer is not None:
                exchange = Exchange(key, "model", request, _bounded(_plain(tried.answer)), cost)
                self.recording.add(exchange)
                return exchange
            if tried.step is not None:
                self._leave_out(tried.step)
                wait = 0.0
                continue
            assert tried.error is not None  # neither an answer nor a setting to leave out
            if tried.error.fault == STOPPED:
                raise tried.error
            failed += 1
            if tried.error.fault in DECLINING_FAULTS:
                exchange = Exchange(key, "model", request, _recorded_error(tried.error), cost)
                self.recording.add(exchange)
                return exchange
            if failed >= tries(tried.error.fault):
                error = of_this_question(tried.error) if self.purse.spent.calls else tried.error
                self.recording.add(Exchange(f"{key} given up", "model", None, _recorded_error(error), {"requests": 0}))
                raise error
            wait = self._wait(failed, tried.error.retry_after)
            if wait >= LONG_WAIT and self.tell is not None:
                most = tries(tried.error.fault)
                self.tell(f"{tried.error}; request {failed + 1} of at most {most} goes out in {wait:.0f} s")

    def _try(self, messages: list[BaseMessage], settings: dict[str, Any]) -> _Tried:
        """Send one request."""
        left_out = self.left_out
        provider = self.name_.row
        shown, sent = fitted(provider, messages, settings, left_out, self.answer_tokens)
        listener = current_listener()
        if listener is not None:
            listener.begin()
        with receipt_of_call() as receipt:
            receipt.listener = None if "stream" in left_out else listener
            receipt.counts_stream = "stream_options" not in left_out
            try:
                answer = self.inner.invoke(shown, **sent)
            except Exception as error:  # a broken answer makes clients raise anything; the error is kept
                fault = explain_fault(error, receipt, self.name_)
                fault.__cause__ = error
                if listener is not None and listener.has_passed_on and fault.fault != STOPPED:
                    return _Tried(_broken(receipt, fault), None, _usage(receipt, None), streamed=receipt.streamed)
                is_streamed = receipt.listener is not None
                step = to_leave_out(receipt, sent_settings(shown, sent, provider, is_streamed=is_streamed), left_out)
                is_sent = receipt.is_sent or not provider.is_remote
                return _Tried(None, fault, _usage(receipt, None), step, is_sent, receipt.streamed)
        problem = fault_of(answer, receipt, self.name_, in_prose=self.in_prose)
        if problem is not None and listener is not None and listener.has_passed_on:
            return _Tried(_broken(receipt, problem), None, _usage(receipt, answer))
        if problem is not None:
            return _Tried(None, problem, _usage(receipt, answer))
        if receipt.stop == "length":
            answer.response_metadata[CUT_KEY] = True
        return _Tried(with_own_ids(answer, messages), None, _usage(receipt, answer))

    def _leave_out(self, step: OptionalSetting) -> None:
        with self.lock:
            is_new = step.name not in self.left_out
            self.left_out |= {step.name}
        if is_new and self.tell is not None:
            self.tell(f"{self.name_} refuses {step.name}; it is asked {step.substitute} for the rest of this session")

    def _wait(self, failed: int, asked: float | None) -> float:
        """Return the seconds before the next try: the provider's wish, up to `longest_wait`."""
        # Full jitter, so that runs refused together don't return together.
        backoff = random.uniform(0, self.first_wait * 2 ** (failed - 1))
        return min(self.longest_wait, max(asked or 0.0, backoff))

    def _cost(self, tried: _Tried, request: Mapping[str, Any], seconds: float, failed: int) -> Cost:
        """Return the cost of a request. Tokens that the server did not count are estimated from the length."""
        cost = {"requests": float(tried.is_sent), "seconds": seconds}
        if tried.usage is not None:
            answer = tried.streamed if tried.streamed or tried.answer is None else str(_plain(tried.answer))
            estimate = len(answer) // CHARACTERS_A_TOKEN
            tokens_in, tokens_out = tried.usage.tokens_in, tried.usage.tokens_out
            if tried.streamed and tokens_out is not None:  # counted when the answer began
                tokens_out = max(tokens_out, estimate)
            usage = tried.usage._replace(
                tokens_in=len(str(request)) // CHARACTERS_A_TOKEN if tokens_in is None else tokens_in,
                tokens_out=estimate if tokens_out is None else tokens_out,
            )
            cost |= {
                "billed": 1.0,
                "tokens_in": usage.tokens_in or 0,
                "tokens_out": usage.tokens_out or 0,
                "tokens_cached": usage.cached,
                "tokens_cache_written": usage.cache_written,
                "dollars": (self.price or Price(0.0, 0.0)).dollars(usage),
            }
        if tried.answer is not None:
            cost["retries"] = failed
        elif tried.step is not None:
            cost[f"{FAULT_PREFIX}refused setting"] = 1.0
        elif tried.error is not None:
            cost[FAULT_PREFIX + tried.error.fault] = 1.0
        return cost


def metered(  # noqa: PLR0913  # what a session is opened with
    name: ModelName,
    *,
    budget: Budget = Budget(),  # noqa: B008  # immutable
    recording: Recording | None = None,
    limits: CallLimits | None = None,
    watch: Callable[[Call], None] | None = None,
    tell: Callable[[str], None] | None = None,
    inner: BaseChatModel | None = None,
    first_wait: float = FIRST_WAIT,
    in_prose: bool = False,
) -> MeteredModel:
    """Open a metered model.

    Args:
        name: Name of the model.
        budget: Limits; exchanges of the recording count as spent.
        recording: Recording of the session; None: in memory.
        limits: Limits of a call; None: those of the environment.
        watch: Callback after every answer.
        tell: Callback for notes to a person.
        inner: Client to use; None: that of the provider in `name`.
        first_wait: Mean wait before a second try, seconds.
        in_prose: True: answers are prose; see `MeteredModel`.

    Raises:
        ModelError: It can't be reached with what the environment says, or has no price where dollars are limited.
    """
    recording = Recording() if recording is None else recording
    limits = call_limits() if limits is None else limits
    return MeteredModel(
        inner=connect(name, offline=recording.replaying, limits=limits) if inner is None else inner,
        name_=name,
        purse=Purse(budget, recording),
        recording=recording,
        price=price_of(str(name), needed=budget.dollars is not None),
        answer_tokens=limits.answer_tokens,
        first_wait=first_wait,
        watch=watch,
        tell=tell,
        in_prose=in_prose,
    )


def _usage(receipt: Receipt, answer: AIMessage | None) -> TokenUsage | None:
    """Return the billed tokens as far as they were counted; None: nothing was billed."""
    if receipt.usage is not None:
        return receipt.usage
    if receipt.status in OK or receipt.streamed:
        return TokenUsage()
    if answer is None or receipt.status:
        return None
    counted = answer.usage_metadata  # a model that is not asked over HTTP
    return TokenUsage() if counted is None else TokenUsage(counted["input_tokens"], counted["output_tokens"])


def _broken(receipt: Receipt, fault: ModelError) -> AIMessage:
    """Return what arrived of an answer that can't be asked for again, since a person has read a part of it."""
    return AIMessage(masked(whole_characters(receipt.streamed)), response_metadata={BROKEN_KEY: str(fault)})


def _recorded_error(error: ModelError) -> dict[str, Any]:
    """Return an error as it is recorded in place of an answer."""
    kind = "declined" if isinstance(error, DeclinedError) else "failed"
    return {"type": kind, "fault": error.fault, "text": str(error), "retryable": error.retryable}


def _error(recorded: Mapping[str, Any], name: ModelName) -> ModelError:
    """Restore a recorded error."""
    if recorded["type"] == "declined":
        return DeclinedError(recorded["text"], provider=name.provider, fault=recorded["fault"])
    return ModelError(
        recorded["text"], provider=name.provider, retryable=recorded["retryable"], fault=recorded["fault"]
    )


def _plain(message: BaseMessage) -> dict[str, Any]:
    """Return a message as JSON, without fields that differ between runs."""
    plain: dict[str, Any] = {"type": message.type, "content": message.content}
    if isinstance(message, AIMessage):
        if message.tool_calls:
            plain["tool_calls"] = [{"name": c["name"], "args": c["args"], "id": c["id"]} for c in message.tool_calls]
        if message.response_metadata.get(CUT_KEY):
            plain[CUT_KEY] = True
        if message.response_metadata.get(BROKEN_KEY):
            plain[BROKEN_KEY] = message.response_metadata[BROKEN_KEY]
    if isinstance(message, ToolMessage):
        plain |= {"tool_call_id": message.tool_call_id, "status": message.status}
    return plain


def _bounded(answer: dict[str, Any]) -> dict[str, Any]:
    """Truncate an answer above `MAX_ANSWER_CHARACTERS`."""
    size = sum(len(str(answer.get(k, ""))) for k in ("content", "tool_calls"))
    if size <= MAX_ANSWER_CHARACTERS:
        return answer
    start = str(answer["content"] or answer.get("tool_calls"))[:1000]
    return {
        "type": "ai",
        "content": f"{start}\n[cut: the answer had {size} characters, at most {MAX_ANSWER_CHARACTERS} are read]",
    }


def _message(exchange: Exchange) -> AIMessage:
    answer, cost = exchange.response, exchange.cost
    tokens_in, tokens_out = int(cost.get("tokens_in", 0)), int(cost.get("tokens_out", 0))
    return AIMessage(
        content=answer["content"],
        tool_calls=answer.get("tool_calls", []),
        response_metadata={key: answer[key] for key in (CUT_KEY, BROKEN_KEY) if answer.get(key)},
        usage_metadata={
            "input_tokens": tokens_in,
            "output_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        },
    )
