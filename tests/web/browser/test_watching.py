"""The watch that all browser tests rely on sees every kind of fault."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.web.browser.watching import CANARY, Watch


@contextmanager
def page_server(html: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            body = html.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def faults_of(browser: Browser, html: str) -> Watch:
    with page_server(html) as url:
        context = browser.new_context()
        watch = Watch(url.removeprefix("http://"))
        watch.attach(context)
        page = context.new_page()
        page.goto(url)
        page.wait_for_timeout(100)
        context.close()
    return watch


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>missing()</script>", "script: "),
        ("<script>alert('hello')</script>", "dialog: hello"),
        (f"<img src='http://{CANARY}/x.png'>", f"outside: GET http://{CANARY}/x.png"),
        (f"<script>fetch('//{CANARY}/x').catch(() => 0)</script>", f"outside: GET http://{CANARY}/x"),
        (f"<link rel=stylesheet href='//{CANARY}/x.css'>", f"outside: GET http://{CANARY}/x.css"),
        (f"<script>new WebSocket('ws://{CANARY}/x')</script>", f"outside: ws://{CANARY}/x"),
    ],
)
def test_a_fault_of_a_page_fails_the_test(browser: Browser, html: str, fault: str) -> None:
    watch = faults_of(browser, html)
    with pytest.raises(AssertionError, match="(?s)" + fault.replace(".", r"\.")):
        watch.check()


def test_a_fault_that_a_test_expects_does_not_fail_it(browser: Browser) -> None:
    watch = faults_of(browser, "<script>console.error('on purpose'); console.error('by accident')</script>")
    watch.expected.append("on purpose")
    with pytest.raises(AssertionError, match="by accident"):
        watch.check()
    watch.expected.append("by accident")
    watch.check()


def test_a_quiet_page_has_no_fault(browser: Browser) -> None:
    faults_of(browser, "<!doctype html><title>t</title><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>").check()
