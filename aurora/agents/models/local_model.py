"""A local transformers model as a LangChain chat model, constrained by Outlines with llguidance.

With any weights, an answer to a question with a schema, a grammar or a forced tool has that form.
Nothing is downloaded: the model is a folder with weights and tokenizer.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, PrivateAttr

from aurora.errors import ModelError

BACKEND = "llguidance"
"""The only backend of Outlines that enforces the bounds of numbers and lengths."""
COMPACT_JSON = {"x-guidance": {"whitespace_flexible": False}}
"""Schema extension that keeps llguidance from generating white space."""
UNLIMITED_CONTEXT = 1 << 40
"""Context length of a model that declares none."""
ROLE_OF_MESSAGE = {"human": "user", "ai": "assistant", "system": "system", "tool": "user"}


class LocalChatModel(BaseChatModel):
    """A chat model over local weights.

    Attributes:
        path: Folder with the weights and the tokenizer, as `save_pretrained` writes them.
        temperature: Sampling temperature; 0: greedy decoding.
        max_tokens: Most tokens of an answer.
        stop: Texts at which an answer ends.
    """

    model_config = ConfigDict(populate_by_name=True)

    path: str = Field(alias="model")
    temperature: float = 0.7
    max_tokens: int = 2048
    stop: list[str] | None = None
    _outlines: Any = PrivateAttr(default=None)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "transformers-outlines"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"path": self.path, "temperature": self.temperature, "max_tokens": self.max_tokens}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(
            ls_provider="transformers",
            ls_model_name=kwargs.get("model", self.path),
            ls_model_type="chat",
            ls_temperature=kwargs.get("temperature", self.temperature),
            ls_max_tokens=kwargs.get("max_tokens", self.max_tokens),
            **({"ls_stop": stop or self.stop} if stop or self.stop else {}),
        )

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | dict[str, Any] | bool | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Bind tools.

        Args:
            tools: Tools in any form that LangChain accepts.
            tool_choice: `any` or the name of a tool forces a call; otherwise the model may also answer in text.
            **kwargs: Settings of the call, such as `temperature`.
        """
        return self.bind(tools=[convert_to_openai_tool(t) for t in tools], tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk.message for chunk in self._stream(messages, stop, run_manager, **kwargs)]
        answer = chunks[0]
        for chunk in chunks[1:]:
            answer = answer + chunk
        assert isinstance(answer, AIMessageChunk)  # a sum of such
        message = AIMessage(
            answer.content,
            tool_calls=answer.tool_calls,
            invalid_tool_calls=answer.invalid_tool_calls,
            usage_metadata=answer.usage_metadata,
            response_metadata=answer.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """Stream text as it is generated, and a tool call once it is complete."""
        tools = _choice(kwargs.get("tools") or [], kwargs.get("tool_choice"))
        turns = _turns(messages, tools)
        tokens_in = self._tokens(self.prompt(turns))
        room = self._context() - tokens_in
        if room <= 0:
            raise ContextOverflowError(f"the prompt has {tokens_in} tokens, the model reads {self._context()}")
        kwargs["max_tokens"] = min(room, kwargs.get("max_tokens", self.max_tokens))
        written = ""
        with self._lock:  # a model generates one answer at a time
            for piece in _until(self._pieces(turns, _form(tools, kwargs), kwargs), stop or self.stop or ()):
                written += piece
                if piece and not tools:
                    if run_manager:
                        run_manager.on_llm_new_token(piece)
                    yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        tokens_out = self._tokens(written)
        last = _called(written) if tools else AIMessageChunk(content="")
        last.usage_metadata = UsageMetadata(
            input_tokens=tokens_in, output_tokens=tokens_out, total_tokens=tokens_in + tokens_out
        )
        last.response_metadata = {"model_name": self.path, "model_provider": "transformers"}
        last.chunk_position = "last"
        yield ChatGenerationChunk(message=last)

    def _tokens(self, text: str) -> int:
        return len(self._loaded().hf_tokenizer(text)["input_ids"])

    def _context(self) -> int:
        """Return the context length in tokens, prompt and answer together."""
        return int(getattr(self._loaded().model.config, "max_position_embeddings", None) or UNLIMITED_CONTEXT)

    def _pieces(self, turns: list[dict[str, str]], form: Any, settings: dict[str, Any]) -> Iterator[str]:
        """Generate text of a form, piece by piece."""
        from outlines import Generator  # noqa: PLC0415  # slow to import, where it is used
        from outlines.inputs import Chat  # noqa: PLC0415  # likewise
        from transformers import TextIteratorStreamer  # noqa: PLC0415  # likewise

        model = self._loaded()
        temperature = settings.get("temperature", self.temperature)
        sampling = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
        generate = Generator(model, form, backend=BACKEND) if form is not None else Generator(model)
        streamer = TextIteratorStreamer(model.hf_tokenizer, skip_prompt=True, skip_special_tokens=True)
        # Outlines would apply the template to a text again; turns it renders as `prompt` does.
        asked = Chat(turns) if model.hf_tokenizer.chat_template else self.prompt(turns)
        failed: list[Exception] = []

        def work() -> None:
            try:
                generate(asked, max_new_tokens=settings["max_tokens"], streamer=streamer, **sampling)
            except Exception as error:  # raised in the reading thread
                failed.append(error)
                streamer.end()  # type: ignore[no-untyped-call]

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield from streamer
        thread.join()
        if failed:
            raise failed[0]

    def _loaded(self) -> Any:
        """Load the model at the first request."""
        if self._outlines is None:
            os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")  # saves seconds on the first token
            import outlines  # noqa: PLC0415  # slow to import, where it is used
            from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415  # likewise

            try:
                weights = AutoModelForCausalLM.from_pretrained(self.path, local_files_only=True)
                tokenizer = AutoTokenizer.from_pretrained(self.path, local_files_only=True)
            except (OSError, ValueError) as error:
                first = str(error).strip().splitlines()[0]
                raise ModelError(
                    f"transformers:{self.path} can't be loaded ({first}); name a folder that save_pretrained wrote",
                    provider="transformers",
                ) from None
            self._outlines = outlines.from_transformers(weights, tokenizer)  # type: ignore[arg-type]  # its name for it changed
        return self._outlines

    def prompt(self, turns: list[dict[str, str]]) -> str:
        """Render the conversation by the model's own template; without one, a line per turn.

        Raises:
            ModelError: The model can't be loaded.
        """
        tokenizer = self._loaded().hf_tokenizer
        if tokenizer.chat_template:
            return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        return "".join(f"{t['role']}: {t['content']}\n" for t in turns) + "assistant: "


def load_local_model(path: str, max_tokens: int) -> LocalChatModel:
    """Open the model in a folder; its weights are loaded at the first request.

    Args:
        path: Folder with weights and tokenizer.
        max_tokens: Most tokens of an answer; a truncated one is invalid.

    Raises:
        ModelError: There is no such folder, or no model in it.
    """
    if not (Path(path) / "config.json").is_file():
        raise ModelError(f"transformers:{path}: no model there (no config.json); name a folder with weights")
    return LocalChatModel(path=path, max_tokens=max_tokens)


def _choice(tools: list[dict[str, Any]], chosen: Any) -> list[dict[str, Any]]:
    """Return the tools that may be called under a provider's `tool_choice`; a free choice adds plain text."""
    if isinstance(chosen, dict):
        chosen = chosen.get("function", chosen).get("name")
    names = {t["function"]["name"] for t in tools}
    if chosen in names:
        return [t for t in tools if t["function"]["name"] == chosen]
    if not tools or chosen in ("any", "required", True):
        return tools
    if chosen in ("none", False):
        return []
    text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    return [*tools, {"type": "function", "function": {"name": "", "description": "answer in text", "parameters": text}}]


def _form(tools: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
    """Return the constraint of the answer for Outlines; None: none."""
    from outlines.types import CFG, JsonSchema  # noqa: PLC0415  # slow to import, where it is used

    if tools:
        return JsonSchema(json.dumps({"anyOf": [_call_schema(t["function"]) for t in tools], **COMPACT_JSON}))
    wanted = settings.get("response_format")
    if not isinstance(wanted, dict):
        return None
    if wanted["type"] == "grammar":
        return CFG(wanted["grammar"])
    if wanted["type"] == "json_schema":
        return JsonSchema(json.dumps({**wanted["json_schema"]["schema"], **COMPACT_JSON}))
    return JsonSchema(json.dumps({"type": "object", **COMPACT_JSON}))


def _call_schema(function: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a tool call. References of its parameters are resolved, as they would dangle here."""
    parameters = dict(function.get("parameters") or {"type": "object", "properties": {}})
    definitions = parameters.pop("$defs", {})
    parameters.setdefault("additionalProperties", False)
    return {
        "type": "object",
        "properties": {"name": {"const": function["name"]}, "arguments": _resolved(parameters, definitions)},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def _resolved(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return _resolved(definitions[value["$ref"].rsplit("/", 1)[1]], definitions)
        return {k: _resolved(v, definitions) for k, v in value.items()}
    return [_resolved(v, definitions) for v in value] if isinstance(value, list) else value


def _until(pieces: Iterator[str], ends: Sequence[str]) -> Iterator[str]:
    """Yield pieces of a text up to the first stop text; characters that may begin one are held back."""
    longest = max((len(e) for e in ends), default=1)
    held, ended = "", False
    for piece in pieces:
        if ended:
            continue  # the generator is drained
        held += piece
        positions = [held.index(e) for e in ends if e in held]
        if positions:
            ended = True
            yield held[: min(positions)]
            continue
        cut = len(held) - longest + 1
        if cut > 0:
            yield held[:cut]
            held = held[cut:]
    if not ended:
        yield held


def _called(text: str) -> AIMessageChunk:
    """Parse a constrained answer into a message: a tool call, or text."""
    call_id = f"call_{uuid.uuid4().hex[:12]}"
    try:
        call = json.loads(text)
        name, arguments = call["name"], call["arguments"]
    except (ValueError, KeyError, TypeError):  # truncated at the limit of tokens: the text so far, no call
        return AIMessageChunk(content=text)
    if not name:
        return AIMessageChunk(content=arguments["text"])
    written = json.dumps(arguments, ensure_ascii=False)
    return AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(name=name, args=written, id=call_id, index=0)])


def _text_of(message: BaseMessage) -> str:
    """Render a message as text, tool calls and results included."""
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = "\n".join(json.dumps({"name": c["name"], "arguments": c["args"]}) for c in message.tool_calls)
        return f"{message.text}\n{calls}".strip()
    if isinstance(message, ToolMessage):
        return f"Result of {message.name or message.tool_call_id}: {message.text}"
    return message.text


def _turns(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the conversation as turns of a template, tools first; adjacent turns of a role are merged."""
    turns = [(ROLE_OF_MESSAGE.get(m.type, "user"), _text_of(m)) for m in messages]
    if tools:
        listed = "\n".join(json.dumps(t["function"]) for t in tools)
        turns.insert(0, ("system", f"Tools, each called as {{name, arguments}}:\n{listed}"))
    merged: list[dict[str, str]] = []
    for role, text in turns:
        if merged and merged[-1]["role"] == role:  # many templates insist that roles alternate
            merged[-1]["content"] += f"\n\n{text}"
        else:
            merged.append({"role": role, "content": text})
    return merged
