"""The list of conversations: search, open, rename, delete with a confirmation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import ui

from aurora.errors import AuroraError
from aurora.graphs.chat.sessions import SessionRow
from aurora.web.context import WebContext
from aurora.web.design.components import button, element, search_field, text
from aurora.web.views.chat.sessions import SessionShown, sessions_shown

MOST = 200
"""Most conversations that are listed at once."""


class SessionList:
    """The list. It is made in the slot that is entered; `refresh` fills it.

    Args:
        context: What the server shares.
        owner: Whose conversations are listed; on this machine, those that no server made too.
        current: Returns the id of the conversation that is shown; "": a new one.
        tell: Shows a problem.
        deleted: Called after the conversation that is shown was deleted.
    """

    def __init__(
        self,
        context: WebContext,
        owner: str,
        current: Callable[[], str],
        tell: Callable[[str], None],
        deleted: Callable[[], None],
    ) -> None:
        self._context = context
        self._owner = owner
        self._current = current
        self._tell = tell
        self._deleted = deleted
        self._search = ""
        self._rows: tuple[SessionRow, ...] = ()
        with element("details", "sessions") as self._root:
            self._root.props["data-sessions"] = True
            text("summary", "Conversations")
            with element("nav", "stack").props('aria-label="Conversations"'):
                with element("a", "btn new") as new:
                    new.props["href"] = "/chat"
                    text("span", "New conversation")
                search_field("Search conversations", self._searched)
                self._list = element("ul")

    async def refresh(self) -> None:
        """Read the conversations anew, and list them."""
        try:
            self._rows = await asyncio.to_thread(self._read)
        except AuroraError as error:
            self._tell(str(error))
            return
        self._show()

    def _read(self) -> tuple[SessionRow, ...]:
        turns = self._context.turns
        own = turns.list(owner=self._owner)
        others = turns.list(owner="") if self._context.settings.is_local and self._owner else ()
        return tuple(sorted((*own, *others), key=lambda r: r.used_at, reverse=True))

    def _searched(self, words: str) -> None:
        self._search = words
        self._show()

    def _show(self) -> None:
        found = sessions_shown(self._rows, self._search)
        self._list.clear()
        with self._list:
            for row in found[:MOST]:
                self._show_row(row)
            if not found:
                words = "No conversation has these words." if self._rows else "None yet. Ask a question to begin one."
                text("li", words, "muted small")
            elif len(found) > MOST:
                text("li", f"{len(found) - MOST:,} more: search for them.", "muted small")

    def _show_row(self, row: SessionShown) -> None:
        with element("li", "session"):
            with element("a", "entry") as link:
                link.props["href"] = row.path
                if row.session_id == self._current():
                    link.props["aria-current"] = "page"
                text("span", row.title, "title")
                text("span", row.detail, "muted small")
            with (
                ui.button(icon="more_horiz", color=None).props("flat dense round size=sm").classes("btn quiet") as more
            ):
                more.props["aria-label"] = f"Rename or delete: {row.title}"
                with ui.menu():
                    ui.menu_item("Rename …", lambda r=row: self._rename(r))
                    ui.menu_item("Delete …", lambda r=row: self._delete(r))

    def _rename(self, row: SessionShown) -> None:
        with self._root, ui.dialog() as dialog, element("div", "card confirm"):
            text("h2", "Rename the conversation")
            name = ui.input("Name", value=row.title).props("outlined dense autofocus maxlength=80")

            async def rename() -> None:
                await self._do(dialog, self._context.sessions.rename, row.session_id, str(name.value or ""))

            name.on("keydown.enter", rename)
            with element("div", "line"):
                button("Rename", rename, kind="primary")
                button("Back", dialog.close)
        dialog.open()

    def _delete(self, row: SessionShown) -> None:
        with self._root, ui.dialog() as dialog, element("div", "card confirm"):
            text("h2", "Delete the conversation?")
            text("p", f"“{row.title}”, with its questions, answers and evidence. Plans stay in their folder.", "break")

            async def delete() -> None:
                is_deleted = await self._do(dialog, self._context.turns.delete, row.session_id)
                if is_deleted and row.session_id == self._current():
                    self._deleted()

            with element("div", "line"):
                button("Delete", delete, kind="danger")
                button("Keep it", dialog.close).props("autofocus")
        dialog.open()

    async def _do(self, dialog: ui.dialog, work: Callable[..., object], *arguments: str) -> bool:
        dialog.close()
        try:
            await asyncio.to_thread(work, *arguments)
        except AuroraError as error:
            self._tell(str(error))
            return False
        await self.refresh()
        return True
