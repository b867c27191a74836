"""The panel that shows what was looked up; a sheet at the bottom of narrow screens."""

from __future__ import annotations

from nicegui import ui

from aurora.web.design.components import badge, button, element, text
from aurora.web.views.chat.evidence import EvidenceShown, Line


class EvidencePanel:
    """The panel. It is made in the slot that is entered, and hidden at first."""

    def __init__(self) -> None:
        self._opener = ""
        self.root = element("aside", "evidence card")
        self.root.props["aria-label"] = "Evidence"
        self.root.set_visibility(False)
        self.root.on("keydown.escape.stop", self.close)  # it does not stop the answer too

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return bool(self.root.visible)

    def show(self, shown: EvidenceShown, opener: str) -> None:
        """Show a result, and move the focus to it.

        Args:
            shown: The result.
            opener: Id of the element that opened it, to which the focus returns.
        """
        self._opener = opener
        self.root.clear()
        with self.root:
            with element("div", "line spread"):
                heading = text("h2", f"{shown.step.id}: {shown.step.title}")
                heading.props("tabindex=-1")
                button("Close", self.close, kind="quiet", icon="close")
            if shown.sentence:
                text("blockquote", shown.sentence, "break")
                text("p", shown.note, "muted small break")
            self._show_call(shown)
            text("h3", "Result")
            with element("div", "result mono") as result:
                result.props('tabindex=0 role=region aria-label="Result"')
                for line in shown.lines:
                    _show_line(line)
            if shown.more:
                text("p", f"{shown.more:,} lines more, which the sentence does not use.", "muted small")
        self.root.set_visibility(True)
        ui.run_javascript(f"auroraChat.focus('{heading.html_id}', true)")

    def close(self) -> None:
        """Hide it, and give the focus back."""
        if self.is_open:
            self.root.set_visibility(False)
            ui.run_javascript(f"auroraChat.focus('{self._opener}')")

    @staticmethod
    def _show_call(shown: EvidenceShown) -> None:
        step = shown.step
        with element("div", "line"):
            text("span", step.tool, "mono muted small")
            text("span", step.seconds, "muted small")
            if step.outcome:
                badge(step.outcome, "warn")
        if step.arguments:
            with element("dl", "facts small"):
                for name, value in step.arguments:
                    text("dt", name)
                    text("dd", value)


def _show_line(line: Line) -> None:
    with element("div", f"part depth-{min(line.depth, 6)}"):
        for piece in line.pieces:
            text("mark" if piece.is_marked else "span", piece.text, "muted" if piece.is_key else "")
