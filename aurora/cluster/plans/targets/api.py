"""Requests to the API server of Kubernetes as plain JSON, over the official client's connection and credentials.

Plain, because the client's types refuse fields that they do not know, and because a patch needs its nulls.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aurora.errors import PlanError

TIMEOUT = 30.0
"""Seconds for one request."""
STRATEGIC_MERGE = "application/strategic-merge-patch+json"
NOT_FOUND, CONFLICT, TOO_MANY = 404, 409, 429
_FIRST_ERROR = 400


class ApiError(PlanError):
    """The API server refused a request, or did not answer.

    Args:
        message: What it said.
        code: Status of its answer; 0 without one.
    """

    def __init__(self, message: str, *, code: int) -> None:
        self.code = code
        super().__init__(message)


class Api:
    """An API server.

    Args:
        client: A `kubernetes.client.ApiClient`.
        timeout: Seconds for one request.
    """

    def __init__(self, client: Any, *, timeout: float = TIMEOUT) -> None:
        self._client = client
        self._timeout = timeout

    @property
    def server(self) -> str:
        """Address of the server."""
        return str(self._client.configuration.host)

    def get(self, path: str, **query: str) -> dict[str, Any] | None:
        """Return an object or a list; None if there is none.

        Raises:
            ApiError: The server refused, or did not answer.
        """
        try:
            return self._request("GET", path, query, None)
        except ApiError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def patch(self, path: str, body: Mapping[str, Any], *, is_dry: bool = False) -> dict[str, Any]:
        """Merge fields into an object (strategic merge); return it.

        Raises:
            ApiError: The server refused, or did not answer.
        """
        return self._request("PATCH", path, {"dryRun": "All"} if is_dry else {}, body)

    def post(self, path: str, body: Mapping[str, Any], *, is_dry: bool = False) -> dict[str, Any]:
        """Create an object or a subresource; return the answer.

        Raises:
            ApiError: The server refused, or did not answer.
        """
        return self._request("POST", path, {"dryRun": "All"} if is_dry else {}, body)

    def _request(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json", "User-Agent": "aurora"}
        if body is not None:
            headers["Content-Type"] = STRATEGIC_MERGE if method == "PATCH" else "application/json"
        full = f"{path}?{urlencode({**query, 'fieldManager': 'aurora'} if body is not None else query)}"
        try:
            arguments = self._client.param_serialize(
                method, full, header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            answer = self._client.call_api(*arguments, _request_timeout=self._timeout)
            status, content = answer.status, answer.read()
        except Exception as error:  # urllib3's and the client's own errors have no common base
            raise ApiError(f"{method} {path}: no answer from {self.server}: {_line(str(error))}", code=0) from None
        try:
            data = json.loads(content)
        except ValueError:
            data = {}
        if status >= _FIRST_ERROR or not isinstance(data, dict):
            message = data.get("message") if isinstance(data, dict) else None
            raise ApiError(f"{method} {path}: {status} {_line(str(message or answer.reason))}", code=status)
        return data


def connect(context: str | None = None, user: str | None = None) -> Api:
    """Return the API server of a kubeconfig's context, or of the cluster that this process runs in.

    Args:
        context: Context of the kubeconfig; None: its current one.
        user: User to act as; None: oneself.

    Raises:
        MissingExtraError: The client is not installed.
        PlanError: There is no configuration, or the context is not in it.
    """
    from kubernetes import client, config  # noqa: PLC0415  # an extra

    try:
        try:
            api_client = config.new_client_from_config(context=context)
        except config.ConfigException:
            if context is not None:
                raise
            configuration = client.Configuration()
            config.load_incluster_config(client_configuration=configuration)
            api_client = client.ApiClient(configuration)
    except config.ConfigException as error:
        raise PlanError(
            f"can't connect: {_line(str(error))}; set KUBECONFIG, or give a context that is in it"
        ) from None
    if user is not None:
        api_client.set_default_header("Impersonate-User", user)
    return Api(api_client)


def _line(text: str) -> str:
    """Return the beginning of a message of others as one printable line."""
    return "".join(c if c.isprintable() else " " for c in text)[:300]
