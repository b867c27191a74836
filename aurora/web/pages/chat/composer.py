"""Where a person writes: the question, send and stop, and the mode with what it means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from aurora.agents.operator.answer import Mode
from aurora.graphs.chat.state import least_mode
from aurora.web.design.components import button, element, text
from aurora.web.refusals import not_allowed
from aurora.web.views.chat.modes import MODES

MOST_CHARACTERS = 10_000
_ENTER = """(event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    emit(event.target.value);
  }
}"""


class Composer:
    """The field for questions. It is made in the slot that is entered.

    Args:
        send: Called with a question.
        stop: Stops the answer.
        switch: Called with a mode that is chosen.
        written: Question that stands there at first, and is not sent.
        most: Mode that the server allows at most; others can't be chosen.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        stop: Callable[[], Awaitable[None]],
        switch: Callable[[Mode], Awaitable[None]],
        written: str,
        most: Mode,
    ) -> None:
        self._send = send
        self._most = most
        self._modes: dict[Mode, ui.button] = {}
        with element("form", "composer") as self.root:
            self.root.on("submit", js_handler="(event) => event.preventDefault()")
            self.problem = element("div")
            with element("div", "write"):
                self.field = ui.textarea("Ask about this cluster", value=written[:MOST_CHARACTERS])
                self.field.props(f"outlined autogrow dense rows=1 maxlength={MOST_CHARACTERS} data-composer")
                if written:
                    self.field.props("autofocus")  # Enter sends what another page wrote
                self.field.on("keydown", self._entered, js_handler=_ENTER)
                self.send = button("Send", self._pressed, kind="primary", icon="send").props("type=button")
                self.stop = button("Stop", stop, icon="stop").props("type=button data-stop")
            with element("div", "line small"):
                with element("div", "modes").props('role=group aria-label="What this conversation may do"'):
                    for mode, shown in MODES.items():
                        made = button(shown.title, lambda m=mode: switch(m)).props("type=button")
                        self._modes[mode] = made
                self._meaning = text("span", "", "muted")
            self._hint = text("p", "", "muted small")

    def show(self, mode: Mode, *, is_running: bool, is_asked: bool) -> None:
        """Show what may be done now.

        Args:
            mode: Mode of the conversation.
            is_running: True: an answer comes.
            is_asked: True: a plan waits for a decision.
        """
        self.send.set_visibility(not is_running)
        self.stop.set_visibility(is_running)
        self._meaning.set_text(MODES[mode].meaning)
        for name, made in self._modes.items():
            made.props["aria-pressed"] = "true" if name == mode else "false"
            is_allowed = least_mode(name, self._most) == name
            made.props["title"] = "" if is_allowed else f"{not_allowed(self._most).capitalize()}."
            made.set_enabled(is_allowed and not (is_running or is_asked))
        self._hint.classes(
            add="" if is_running or is_asked else "keys", remove="keys" if is_running or is_asked else ""
        )
        self._hint.set_text(_hint(is_running=is_running, is_asked=is_asked))

    def clear(self) -> None:
        """Empty the field."""
        self.field.set_value("")

    def tell(self, problem: str) -> None:
        """Show what went wrong and what to do; "": nothing did."""
        self.problem.clear()
        if problem:
            with self.problem, element("div", "state error").props("role=alert"):
                text("p", problem, "break")

    async def _entered(self, event: object) -> None:
        await self._send(str(getattr(event, "args", "") or ""))

    async def _pressed(self) -> None:
        await self._send(str(self.field.value or ""))


def _hint(*, is_running: bool, is_asked: bool) -> str:
    if is_running:
        return "Escape stops the answer. What you approved is carried out to its end."
    if is_asked:
        return "A plan waits for your decision above. Another question puts it aside."
    return "Enter sends, Shift+Enter begins a new line."
