"""The frame of every page: skip link, navigation, heading, and the main part that a page fills."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

from nicegui import ui

from aurora.web.design.components import element, text
from aurora.web.design.navigation import NAVIGATION


@contextmanager
def frame(title: str, *, active: str, lead: str = "") -> Iterator[None]:
    """Show the frame of a page; what is made within stands in its main part.

    Args:
        title: Heading of the page.
        active: Key of its entry in the navigation.
        lead: A line under the heading that says what the page is for.
    """
    ui.page_title(f"{title} · AURORA")
    client = ui.context.client
    main = client.content.parent_slot.parent if client.content.parent_slot is not None else client.content
    main.props('id="main" tabindex="-1"')
    with client.layout:
        _skip().move(client.layout, 0)
        _rail(active).move(client.layout, 1)
    with element("div", "title-row"), element("div", "stack"):
        text("h1", title)
        if lead:
            text("p", lead, "lead")
    yield


def _skip() -> ui.element:
    link = text("a", "Skip to the content", "skip")
    link.props("href=#main")
    return link


def _rail(active: str) -> ui.element:
    with element("header", "rail") as rail:
        with element("a", "brand").props('href="/" aria-label="AURORA, to the cluster"'):
            element("img").props('src="/assets/mark.svg" alt=""')
            text("span", "AURORA")
        with element("details", "menu"):
            text("summary", "Menu")
            with element("nav").props('aria-label="Pages"'):
                for group, entries in groupby(NAVIGATION, key=lambda e: e.group):
                    text("div", group, "group")
                    with element("ul"):
                        for entry in entries:
                            with element("li"), element("a", "entry") as link:
                                link.props["href"] = entry.path
                                if entry.key == active:
                                    link.props["aria-current"] = "page"
                                ui.icon(entry.icon).props("aria-hidden=true")
                                text("span", entry.title)
    return rail
