"""Names of language models (`anthropic:NAME`, `openai:NAME`, `transformers:PATH`) and their clients.

Keys and addresses come from the environment variables that the providers' own clients read
(`ANTHROPIC_API_KEY`, `OPENAI_API_KEY`, `OPENAI_BASE_URL`, ...) and are never stored.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from aurora.agents.models.masking import masked
from aurora.agents.models.providers import PROVIDERS, Provider
from aurora.errors import ModelError

if TYPE_CHECKING:  # slow to import, where they are used
    from langchain_anthropic import ChatAnthropic
    from langchain_openai import ChatOpenAI

MODEL_VARIABLE = "AURORA_MODEL"
"""Environment variable with the default model."""
TIMEOUT_VARIABLE = "AURORA_TIMEOUT"
"""Environment variable with the default time limit of a call, seconds."""
ANSWER_TOKENS_VARIABLE = "AURORA_ANSWER_TOKENS"
"""Environment variable with the default limit of an answer, tokens."""
DEFAULT_TIMEOUT = 180.0
"""Default time limit of a call, seconds; a call without a complete answer by then has failed."""
LONGEST_TIMEOUT = 86_400.0
MAX_TOKENS = 8192
"""Limit of an answer where the provider requires one, tokens; five scenarios take about half of it."""
MOST_TOKENS = 10_000_000
NO_KEY = "unused"
"""Placeholder of a key where no call is made."""


class ModelName(NamedTuple):
    """Provider of a model, and its name there (for transformers: the folder of its weights)."""

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"

    @property
    def row(self) -> Provider:
        """Return the provider's row of the table."""
        return PROVIDERS[self.provider]


class CallLimits(NamedTuple):
    """Limits of a single call.

    Attributes:
        seconds: Time from connecting to the last byte of the answer.
        answer_tokens: Most tokens of an answer, reasoning included; None: the provider's default, else `MAX_TOKENS`.
    """

    seconds: float = DEFAULT_TIMEOUT
    answer_tokens: int | None = None


def call_limits(seconds: float | None = None, answer_tokens: int | None = None) -> CallLimits:
    """Return the limits given, or those of the environment.

    Raises:
        ModelError: The environment holds no such number.
    """
    time = seconds if seconds is not None else _number(TIMEOUT_VARIABLE, LONGEST_TIMEOUT, "seconds")
    tokens = answer_tokens if answer_tokens is not None else _number(ANSWER_TOKENS_VARIABLE, MOST_TOKENS, "tokens")
    return CallLimits(DEFAULT_TIMEOUT if time is None else time, None if tokens is None else max(1, int(tokens)))


def _number(variable: str, most: float, unit: str) -> float | None:
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= most:
        raise ModelError(f"{variable} is {text!r:.60}; set it to a number of {unit} above 0 and up to {most:g}")
    return number


def model_name(text: str | None) -> ModelName:
    """Parse the name of a model, or without one that in `AURORA_MODEL`.

    Raises:
        ModelError: None is named, or it is not `provider:model`.
    """
    chosen = text or os.environ.get(MODEL_VARIABLE, "")
    if not chosen:
        raise ModelError(
            f"this needs a model, and no model is named; give PROVIDER:MODEL or set {MODEL_VARIABLE}, such as "
            "anthropic:claude-sonnet-4-5 with ANTHROPIC_API_KEY, or openai:NAME with OPENAI_BASE_URL for a server of "
            "your own; the guide on models says how to connect one"
        )
    provider, _, name = chosen.partition(":")
    if provider not in PROVIDERS or not name.strip() or not name.isprintable():
        raise ModelError(f"{chosen!r:.120} names no model; write PROVIDER:MODEL with one of {', '.join(PROVIDERS)}")
    return ModelName(provider, name)


def connect(name: ModelName, *, offline: bool = False, limits: CallLimits | None = None) -> BaseChatModel:
    """Return a model's client, without retries: `aurora.agents.models.metered` makes and counts those.

    Args:
        name: Name of the model.
        offline: True: the client only formats requests, so that no key is needed.
        limits: Limits of a call; None: those of the environment.

    Raises:
        ModelError: There is no key, or no such folder of weights.
    """
    limits = call_limits() if limits is None else limits
    answer_tokens = limits.answer_tokens or MAX_TOKENS
    if name.row.is_local:
        from aurora.agents.models.local_model import load_local_model  # noqa: PLC0415  # torch, where it is used

        return load_local_model(name.name, answer_tokens)
    if not offline:
        _check_addresses(name)
    key = SecretStr(NO_KEY if offline else _key(name))
    return _CLIENTS[name.provider](name.name, key, limits.seconds, answer_tokens)


def _key(name: ModelName) -> str:
    variable = name.row.key
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ModelError(f"{name} needs {variable} in the environment{name.row.key_hint}", provider=name.provider)
    if not (key.isascii() and key.isprintable()):
        raise ModelError(f"{variable} holds characters that no key has; copy it again", provider=name.provider)
    return key


def _check_addresses(name: ModelName) -> None:
    """Refuse an unusable address instead of sending the question elsewhere."""
    for variable in name.row.addresses:
        text = os.environ.get(variable)
        if text is None:
            continue
        try:
            parts = urlsplit(text.strip())
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            good = good and not re.search(r"\s", text.strip())
        except ValueError:
            good = False
        if not good:
            raise ModelError(
                f"{variable} is {masked(repr(text)):.120}, which is no address; "
                "write one such as http://localhost:8000/v1, or unset it",
                provider=name.provider,
            )
    for variable, remedy in name.row.unsupported.items():
        if os.environ.get(variable):
            raise ModelError(f"{variable} is not read here; {remedy}", provider=name.provider)


def _anthropic(name: str, key: SecretStr, seconds: float, answer_tokens: int) -> ChatAnthropic:
    import anthropic  # noqa: PLC0415  # slow to import, where it is used
    from langchain_anthropic import ChatAnthropic  # noqa: PLC0415  # likewise

    from aurora.agents.models.wire import WireClient  # noqa: PLC0415  # likewise

    class Anthropic(ChatAnthropic):
        """Anthropic's client over ours, which LangChain has no argument for."""

        @cached_property
        def _client(self) -> anthropic.Client:
            params: dict[str, Any] = self._client_params
            return anthropic.Client(**params, http_client=WireClient(seconds))

    return Anthropic(model=name, api_key=key, timeout=seconds, max_retries=0, max_tokens=answer_tokens)


def _openai(name: str, key: SecretStr, seconds: float, answer_tokens: int) -> ChatOpenAI:
    from langchain_openai import ChatOpenAI  # noqa: PLC0415  # slow to import, where it is used

    from aurora.agents.models.wire import WireClient  # noqa: PLC0415  # likewise

    # Chat completions, which every compatible server speaks, rather than OpenAI's own newer interface. Its servers
    # need no limit of tokens; where one is set it goes with the request, under the name that the server takes.
    return ChatOpenAI(
        model=name,
        api_key=key,
        timeout=seconds,
        max_retries=0,
        use_responses_api=False,
        http_client=WireClient(seconds),
        http_socket_options=(),  # they are for LangChain's own client, which would warn of a proxy
    )


_CLIENTS: Mapping[str, Callable[[str, SecretStr, float, int], BaseChatModel]] = {
    "anthropic": _anthropic,
    "openai": _openai,
}
"""Makers of clients: name of the model, key, time limit of a call (seconds), limit of an answer (tokens)."""
