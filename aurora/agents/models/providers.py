"""Table of the providers of language models: everything in which they differ but their clients.

To add a provider: a row here, its client in `aurora.agents.models.model`, and prices in `prices.json`. A server that
speaks OpenAI's or Anthropic's wire format needs neither: `OPENAI_BASE_URL` or `ANTHROPIC_BASE_URL` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Provider(NamedTuple):
    """A provider of language models.

    Attributes:
        key: Environment variable with its key; "" if it needs none.
        key_hint: Remark on a missing key.
        addresses: Environment variables with the address of its server.
        unsupported: Environment variables of its own client that AURORA does not read -> what to do instead.
        is_local: True: models run on this machine, at no cost per token, and answer without tools.
        forces_tool: True: a forced tool call enforces a schema; False: the request's response format does.
        marks_cache: True: a request marks the parts of its prompt to cache.
        sends_limit: True: a request carries the limit of its answer; False: the client holds it.
    """

    key: str = ""
    key_hint: str = ""
    addresses: tuple[str, ...] = ()
    unsupported: Mapping[str, str] = {}
    is_local: bool = False
    forces_tool: bool = False
    marks_cache: bool = False
    sends_limit: bool = False

    @property
    def is_remote(self) -> bool:
        """Return True if a request goes over HTTP, with a key."""
        return bool(self.key)


PROVIDERS: Mapping[str, Provider] = {
    "anthropic": Provider(
        key="ANTHROPIC_API_KEY", addresses=("ANTHROPIC_BASE_URL",), forces_tool=True, marks_cache=True
    ),
    "openai": Provider(
        key="OPENAI_API_KEY",
        key_hint="; any text will do for a server of your own",
        addresses=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
        unsupported={"OPENAI_PROXY": "unset it and set HTTPS_PROXY"},
        sends_limit=True,
    ),
    "transformers": Provider(is_local=True),
}
