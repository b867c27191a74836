"""A chat model whose answers are given in advance, or computed from the messages that it is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict, Field

from aurora.agents.models.metered import MeteredModel, metered
from aurora.agents.models.model import model_name

Reply = str | AIMessage | Callable[[list[BaseMessage]], "str | AIMessage"]


class ScriptedModel(BaseChatModel):
    """Answers in turn with what it was given; keeps what it was sent."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    replies: list[Any]
    sent: list[Any] = Field(default_factory=list)
    tools: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Any:
        self.tools = [t.name for t in tools]
        return self.bind(tools=self.tools)

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        self.sent.append(messages)
        reply = self.replies.pop(0) if self.replies else "I don't know."
        if callable(reply):
            reply = reply(messages)
        message = reply if isinstance(reply, AIMessage) else AIMessage(reply)
        return ChatResult(generations=[ChatGeneration(message=message)])


def calls(*called: tuple[str, dict[str, Any]]) -> AIMessage:
    """Return a message that calls tools."""
    return AIMessage("", tool_calls=[{"name": n, "args": a, "id": f"c{k}-{n}"} for k, (n, a) in enumerate(called)])


def scripted(*replies: Reply) -> MeteredModel:
    """Return a metered model that replies as told."""
    return metered(model_name("openai:scripted"), inner=ScriptedModel(replies=list(replies)), in_prose=True)
