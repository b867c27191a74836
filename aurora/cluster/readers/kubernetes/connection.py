"""A connection to a cluster's API that can only read: GET requests through the official client, as raw JSON.

The client's own models are not used: they refuse a whole list for one odd field. Credentials come from the kubeconfig
or, within a cluster, from the service account; nothing is written back to the kubeconfig.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from aurora.cluster.readers.kubernetes.kept import printable
from aurora.errors import DataError, FileError, InputError
from aurora.reading import strict_json_decoder

if TYPE_CHECKING:  # slow to import
    from kubernetes.client import ApiClient

CONNECT_SECONDS, READ_SECONDS, ANSWER_SECONDS = 10.0, 60.0, 300.0
"""Most seconds for connecting, for the next bytes, and for a whole answer."""

MAX_ANSWER_BYTES = 256 << 20
"""Most bytes of one answer, unpacked; a page of 500 pods has about 5 MB."""

MAX_EVENT_BYTES = 16 << 20
"""Most bytes of one event of a watch."""

OK, UNAUTHORISED, FORBIDDEN, NOT_FOUND, GONE = 200, 401, 403, 404, 410

_MAX_MESSAGE_CHARACTERS = 300
_CHUNK = 1 << 20


class Answer(NamedTuple):
    """An answer of the API.

    Attributes:
        status: HTTP status.
        fields: The JSON object; that of a refusal has a `message`.
    """

    status: int
    fields: dict[str, Any]

    @property
    def message(self) -> str:
        """Message of a refusal, on one line."""
        said = self.fields.get("message")
        return printable(said)[:_MAX_MESSAGE_CHARACTERS] if isinstance(said, str) and said else "no reason given"


class Connection:
    """A connection to one cluster.

    Args:
        client: The official client, configured.
        context: Name of the context, or `in-cluster`.
        as_user: User to impersonate; None for oneself.
    """

    def __init__(self, client: ApiClient, context: str, as_user: str | None = None) -> None:
        self._client = client
        self._headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if as_user is not None:
            self._headers["Impersonate-User"] = as_user
        self.context = context
        self.host = str(client.configuration.host)

    def watch(self, path: str, query: Mapping[str, str], seconds: float) -> Iterator[dict[str, Any]]:
        """Yield the events of a watch until the server ends it.

        Args:
            path: Path of the list.
            query: Query, with `watch=1`, a `resourceVersion` and `timeoutSeconds`.
            seconds: Most seconds without a byte.

        Raises:
            DataError: The cluster can't be reached, refuses the watch, or sends what is no JSON object a line.
        """
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # of an extra

        response = self._sent(f"{path}?{urlencode(query)}", seconds)
        try:
            if int(response.status) != OK:
                said = self._parsed(self._body(response.response), int(response.status))
                answer = Answer(int(response.status), said)
                if answer.status == GONE:
                    yield {"type": "ERROR", "object": {"code": GONE}}
                    return
                raise DataError(f"{self.host} answers {answer.status} to the watch of {path}: {answer.message}")
            rest = b""
            for part in response.response.stream(_CHUNK, decode_content=True):
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield self._parsed(line, OK)
                if len(rest) > MAX_EVENT_BYTES:
                    raise DataError(f"{self.host} sent an event of more than {MAX_EVENT_BYTES >> 20} MiB")
        except (HTTPError, OSError) as error:
            raise DataError(f"{self.host} can't be reached: {_line(error)}") from None
        finally:
            response.response.release_conn()
            response.response.close()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a GET request, whatever its status.

        Raises:
            DataError: The cluster can't be reached, is too slow, or its answer is too large or no JSON object.
        """
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # of an extra

        response = self._sent(f"{path}?{urlencode(query)}" if query else path, READ_SECONDS)
        try:
            body = self._body(response.response)
        except (HTTPError, OSError) as error:
            raise DataError(f"{self.host} can't be reached: {_line(error)}; is the cluster up, and the VPN?") from None
        return Answer(int(response.status), self._parsed(body, int(response.status)))

    def _sent(self, place: str, seconds: float) -> Any:
        """Send a GET request; return the response, whose body is yet to be read."""
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415  # of an extra
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # of an extra

        try:
            method, url, headers, _, _ = self._client.param_serialize(
                "GET", place, header_params=dict(self._headers), auth_settings=["BearerToken"]
            )
            return self._client.call_api(
                method, url, header_params=headers, _request_timeout=(CONNECT_SECONDS, seconds)
            )
        except ApiException as error:
            raise DataError(
                f"{self.host} can't be reached: {_line(error)}; check the address and its certificate"
            ) from None
        except (HTTPError, OSError) as error:
            raise DataError(f"{self.host} can't be reached: {_line(error)}; is the cluster up, and the VPN?") from None

    def _body(self, response: Any) -> bytes:
        """Return a body within the limits of time and size."""
        deadline, parts, size = time.monotonic() + ANSWER_SECONDS, [], 0
        try:
            for part in response.stream(_CHUNK, decode_content=True):
                size += len(part)
                if size > MAX_ANSWER_BYTES:
                    raise DataError(f"{self.host} sent more than {MAX_ANSWER_BYTES >> 20} MiB at once")
                if time.monotonic() > deadline:
                    raise DataError(f"{self.host}: no complete answer within {ANSWER_SECONDS:.0f} s")
                parts.append(part)
        finally:
            response.release_conn()
        return b"".join(parts)

    def _parsed(self, body: bytes, status: int) -> dict[str, Any]:
        try:
            fields = strict_json_decoder().decode(body.decode())
        except (ValueError, RecursionError):
            fields = None
        if isinstance(fields, dict):
            return fields
        if status == OK:
            raise DataError(f"{self.host} sent something else than JSON; is it a Kubernetes API, or a page to log in?")
        return {"message": body[:_MAX_MESSAGE_CHARACTERS].decode(errors="replace")}


def connect(
    context: str | None = None, *, kubeconfig: Path | str | None = None, as_user: str | None = None
) -> Connection:
    """Connect to a cluster; nothing is sent yet.

    Args:
        context: Context of the kubeconfig; None for its current one, or within a cluster for that cluster.
        kubeconfig: Path of the kubeconfig; None for `KUBECONFIG` or `~/.kube/config`.
        as_user: User to impersonate, such as `system:serviceaccount:NAMESPACE:NAME`.

    Raises:
        InputError: There is no such context, or the user's name is not printable.
        FileError: There is no kubeconfig.
        DataError: The kubeconfig can't be used.
    """
    from kubernetes import client, config  # noqa: PLC0415  # of an extra, slow to import

    if as_user is not None and not (as_user and as_user.isprintable()):
        raise InputError("give the name of a user", parameter="as_user", value=as_user)
    files = _kubeconfigs(kubeconfig)
    is_inside = bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and not kubeconfig and context is None
    settings = client.Configuration()
    settings.retries = 1
    if not any(f.is_file() for f in files):
        if not is_inside:
            raise FileError(f"there is no kubeconfig at {files[0]}; set KUBECONFIG, or give kubeconfig=PATH")
        try:
            config.load_incluster_config(client_configuration=settings)
        except config.ConfigException as error:
            raise DataError(f"the service account of this pod can't be used: {_line(error)}") from None
        return Connection(client.ApiClient(settings), "in-cluster", as_user)
    path = os.pathsep.join(str(f) for f in files)
    try:
        contexts, current = config.list_kube_config_contexts(path)
        names = [str(c["name"]) for c in contexts]
        if context is not None and context not in names:
            known = printable(", ".join(names)) or "none"
            raise InputError(f"{path} has no such context; it has {known}", parameter="context", value=context)
        config.load_kube_config(path, context=context, client_configuration=settings, persist_config=False)
    except InputError:
        raise
    except config.ConfigException as error:
        raise DataError(f"{path} can't be used: {_line(error)}; check it with: kubectl config view") from None
    except Exception as error:  # the client's reader raises whatever YAML and indexing do
        raise DataError(f"{path} is no kubeconfig: {_line(error)}") from None
    return Connection(client.ApiClient(settings), printable(context or str(current["name"])), as_user)


def _kubeconfigs(kubeconfig: Path | str | None) -> list[Path]:
    """Return the paths of the kubeconfig, which the environment may give as several."""
    listed = str(kubeconfig) if kubeconfig else os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return [Path(p).expanduser() for p in listed.split(os.pathsep) if p]


def _line(error: Exception) -> str:
    """Return what a library says, as the beginning of one line."""
    return printable(" ".join(str(error).split()))[:_MAX_MESSAGE_CHARACTERS] or type(error).__name__
