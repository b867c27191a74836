"""Every page, wide and narrow, light and dark: axe-core finds nothing serious, and nothing sticks out to the side."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.web.browser.conftest import Visit
from tests.web.browser.paths import PAGES, details
from tests.web.browser.served import Served
from tests.web.browser.visiting import NARROW, WIDE

SERIOUS = ("serious", "critical")
VARIANTS = [(size, scheme) for size in (WIDE, NARROW) for scheme in ("light", "dark")]
QUICK = [(WIDE, "light"), (NARROW, "dark")]


def faults(page: Page) -> list[str]:
    """Return what axe-core finds of serious impact, with the elements concerned."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [_shown(rule) for rule in found if rule["impact"] in SERIOUS]


def _shown(rule: dict[str, Any]) -> str:
    places = "; ".join(str(node["html"])[:200] for node in rule["nodes"][:3])
    return f"{rule['id']} ({rule['impact']}, {len(rule['nodes'])}): {rule['help']}: {places}"


def check(page: Page, variants: list[Any]) -> None:
    found = []
    for size, scheme in variants:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(150)  # layout follows
        place = f"{page.url} {size['width']} px {scheme}"
        found += [f"{place}: {fault}" for fault in faults(page)]
        if (width := page.evaluate("document.documentElement.scrollWidth")) > size["width"]:
            found.append(f"{place}: {width} px wide")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_what_it_is_and_has_no_serious_fault(visit: Visit, path: str) -> None:
    page = visit(path)
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("main").count() == 1
    assert page.evaluate("document.documentElement.lang").startswith("en")
    heading = page.get_by_role("heading", level=1).inner_text()
    assert heading.split()[0].casefold() in page.title().casefold()
    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    assert "skip" in skip.casefold()
    check(page, QUICK)


@pytest.mark.parametrize("number", range(4))
def test_a_page_of_details_has_no_serious_fault(visit: Visit, desk: Served, number: int) -> None:
    paths = details(desk.folder)
    if number >= len(paths):
        pytest.skip("there is no such page")
    check(visit(paths[number]), QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_serious_fault_in_any_size_and_scheme(visit: Visit, path: str) -> None:
    check(visit(path), VARIANTS)


def test_a_page_with_faults_is_seen(page: Page) -> None:
    page.set_content("<html><title>x</title><main><button></button><p style='color:#ccc;background:#fff'>pale</p>")
    assert {fault.split()[0] for fault in faults(page)} >= {"button-name", "color-contrast", "html-has-lang"}
    with pytest.raises(AssertionError, match=r"(?s)button-name"):
        check(page, QUICK)
