"""Refuses requests for other hosts and from other origins.

A page of another site can make a browser send requests to this machine, and can give this machine a name of its own
(DNS rebinding). The first names its origin, the second its name as the host; both are refused, for sockets too.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from aurora.web.security.answers import header, refuse
from aurora.web.settings import LOCAL_HOSTS, WebSettings

EVERY_ADDRESS = ("0.0.0.0", "::", "")
SAME_SITE = ("", "same-origin", "none")
"""Values of `Sec-Fetch-Site` of requests that no other site caused; "": the browser or program sends none."""


class Addresses:
    """Lets requests pass that name this server as their host, and that no other site caused.

    Args:
        app: What comes after.
        settings: How the server is reached.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self.app = app
        self.names = allowed_names(settings)
        self.any_number = not settings.is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request."""
        if scope["type"] in ("http", "websocket"):
            problem = self.problem(scope)
            if problem:
                await refuse(scope, receive, send, 403, problem)
                return
        await self.app(scope, receive, send)

    def problem(self, scope: Scope) -> str:
        """Return why a request is refused; "" if it is not."""
        host = header(scope, "host").lower()
        if not self._is_ours(host):
            return "the host of the request is not this server; name it with `aurora serve --name`"
        origin = header(scope, "origin").lower()
        if origin and not is_same(origin, host):
            return "the request comes from another origin"
        site = header(scope, "sec-fetch-site").lower()
        if site not in SAME_SITE and not _is_visit(scope):
            return "the request comes from another site"
        return ""

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        if name in self.names:
            return True
        return self.any_number and _is_number(name)  # a number is no name that could be given to this machine


def allowed_names(settings: WebSettings) -> frozenset[str]:
    """Return the names under which a server is reached, in lower case."""
    own = (socket.gethostname(), socket.getfqdn()) if not settings.is_local else ()
    listening = () if settings.host in EVERY_ADDRESS else (settings.host,)
    return frozenset(n.lower().rstrip(".") for n in (*LOCAL_HOSTS, *listening, *settings.names, *own) if n)


def host_name(host: str) -> str:
    """Return the name of a `Host` header without its port; "" if it is none.

    >>> host_name("localhost:8760"), host_name("[::1]:8760"), host_name("evil@localhost")
    ('localhost', '::1', '')
    """
    try:
        parts = urlsplit(f"//{host}")
        if parts.username is not None or parts.path or parts.query or parts.fragment:
            return ""
        _ = parts.port
        return (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_same(origin: str, host: str) -> bool:
    """Return whether an origin is that of the host, whatever the scheme.

    >>> is_same("http://localhost:8760", "localhost:8760"), is_same("null", "localhost:8760")
    (True, False)
    """
    scheme, _, place = origin.partition("://")
    return scheme in ("http", "https") and place == host


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_visit(scope: Scope) -> bool:
    """Return whether a person follows a link to a page: it changes nothing."""
    return (
        scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and header(scope, "sec-fetch-mode") == "navigate"
        and header(scope, "sec-fetch-dest") == "document"
    )
