"""Shows in a page whether a payload ran, loads, or waits in an attribute for a click."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Frame, Page

from tests.web.browser.watching import CANARY

_TRAP = """
Object.defineProperty(window, 'aurora_canary', {
    set(number) { console.error('payload ' + number + ' ran'); },
    get() { return undefined; },
});
"""
_WAITING = """
(host) => {
    const addresses = ['src', 'href', 'xlink:href', 'data', 'action', 'formaction', 'poster', 'ping', 'background'];
    const leads = (value) => {
        try {
            const url = new URL(value, document.baseURI);
            return url.hostname === host || ['javascript:', 'vbscript:'].includes(url.protocol);
        } catch { return false; }
    };
    const found = [];
    for (const element of document.querySelectorAll('*'))
        for (const {name, value} of element.attributes) {
            const runs = /^on/i.test(name) && value.includes('aurora_canary');
            const loads = ['style', 'srcset'].includes(name) && value.includes(host);
            if (runs || loads || (addresses.includes(name) && leads(value)))
                found.push(element.outerHTML.slice(0, 200));
        }
    return found;
}
"""


def set_trap(context: BrowserContext) -> None:
    """Report every payload that runs in the context as an error of the console."""
    context.add_init_script(_TRAP)


def waiting(page: Page) -> list[str]:
    """Return elements whose attributes hold code or an address of a payload, which a click or a hover would use."""
    return [found for frame in page.frames for found in _in(frame)]


def _in(frame: Frame) -> list[str]:
    found: list[str] = frame.evaluate(_WAITING, CANARY)
    return found
