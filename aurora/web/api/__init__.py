"""The HTTP API under `/api`: one router a noun, the library's functions behind it, problems as RFC 9457 says.

`add_api` mounts it as an application of its own, so that its errors, also those of routing, are never pages.
"""

from aurora.web.api.app import add_api

__all__ = ["add_api"]
