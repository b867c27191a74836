"""Language models by one string: `anthropic:NAME`, `openai:NAME` or `transformers:PATH`.

Keys and addresses come from the environment variables that the providers' own clients read
(`ANTHROPIC_API_KEY`, `OPENAI_API_KEY`, `OPENAI_BASE_URL`, ...) and are never stored.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from langchain_core import exceptions as langchain
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from aurora.errors import ModelError

VARIABLE = "AURORA_MODEL"
"""Environment variable that names the model where no option does."""
PROVIDERS = ("anthropic", "openai", "transformers")
KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
TIMEOUT = 180.0
"""Seconds after which a call without an answer counts as failed."""
MAX_TOKENS = 8192
"""Most tokens of an answer: five scenarios take about half of it."""
NO_KEY = "unused"
"""In the place of a key where no call is made."""


class ModelName(NamedTuple):
    """A model: who runs it, and its name there (for transformers: the folder of its weights)."""

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"


def model_name(text: str | None) -> ModelName:
    """The model that an option or, without one, `AURORA_MODEL` names.

    Raises:
        ModelError: None is named, or it is not `provider:model`.
    """
    chosen = text or os.environ.get(VARIABLE, "")
    if not chosen:
        raise ModelError(f"no model is named; give --model or set {VARIABLE}, e.g. anthropic:claude-sonnet-4-5")
    provider, _, name = chosen.partition(":")
    if provider not in PROVIDERS or not name:
        raise ModelError(f"{chosen!r} names no model; write PROVIDER:MODEL with one of {', '.join(PROVIDERS)}")
    return ModelName(provider, name)


def connect(name: ModelName, *, offline: bool = False, timeout: float = TIMEOUT) -> BaseChatModel:
    """A model's client, without retries: those are for `aurora.agents.metered` to make and to count.

    Args:
        name: The model.
        offline: Whether it will only be asked how it formats tools, so that no key is needed.
        timeout: Seconds.

    Raises:
        ModelError: There is no key, or no such folder of weights.
    """
    if name.provider == "transformers":
        from aurora.agents.local_model import load_local_model  # noqa: PLC0415  # torch, where it is used

        return load_local_model(name.name, MAX_TOKENS)
    key = NO_KEY if offline else os.environ.get(KEYS[name.provider], "")
    if not key:
        hint = "; any text will do for a server of your own" if name.provider == "openai" else ""
        raise ModelError(f"{name} needs {KEYS[name.provider]} in the environment{hint}", provider=name.provider)
    if name.provider == "anthropic":
        from langchain_anthropic import ChatAnthropic  # noqa: PLC0415  # slow to import, where it is used

        return ChatAnthropic(
            model=name.name, api_key=SecretStr(key), timeout=timeout, max_retries=0, max_tokens=MAX_TOKENS
        )
    from langchain_openai import ChatOpenAI  # noqa: PLC0415  # slow to import, where it is used

    # Chat completions, which every compatible server speaks, rather than OpenAI's own newer interface.
    return ChatOpenAI(model=name.name, api_key=SecretStr(key), timeout=timeout, max_retries=0, use_responses_api=False)


def explained(error: Exception, name: ModelName) -> ModelError:
    """What went wrong at a provider, in our words: what to do, and whether another try can help.

    Anything that a client raises and that is none of the known conditions comes from an answer that can't be
    read: cut off, no JSON, or of another shape. Another try may bring a better one.
    """
    said = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
    match error:
        case langchain.ModelAuthenticationError() | langchain.ModelPermissionDeniedError():
            where = KEYS.get(name.provider, "the credentials")
            return ModelError(f"{name} refused the key; check {where} ({said})", provider=name.provider)
        case langchain.ModelNotFoundError():
            return ModelError(f"there is no {name}; check the name and the address ({said})", provider=name.provider)
        case langchain.ContextOverflowError():
            return ModelError(
                f"the prompt is longer than {name} can read; use a model with a larger context ({said})",
                provider=name.provider,
            )
        case langchain.ModelInvalidRequestError():
            return ModelError(f"{name} refuses the request ({said})", provider=name.provider)
        case langchain.ModelTimeoutError():
            problem, fault = "did not answer in time", "timeout"
        case langchain.ModelConnectionError():
            problem, fault = "can't be reached, or broke off", "connection"
        case langchain.ModelRateLimitError():
            problem, fault = "asks for fewer calls", "rate limit"
        case langchain.ModelAPIError():
            problem, fault = "failed", "server error"
        case _:
            problem, fault = "gave an answer that can't be read", "unreadable answer"
    return ModelError(
        f"{name} {problem} ({said})",
        provider=name.provider,
        retryable=True,
        retry_after=_retry_after(error),
        fault=fault,
    )


def _retry_after(error: Exception) -> float | None:
    """Seconds until the provider wants to be asked again (RFC 9110, section 10.2.3), if it says so."""
    response = getattr(error, "response", None)
    header = None if response is None else response.headers.get("retry-after")
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (then - datetime.now(UTC)).total_seconds())
