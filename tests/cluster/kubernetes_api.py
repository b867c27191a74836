"""A stateful API server of Kubernetes for tests, with what safety rests on.

uid, resourceVersion with 409, generation, dryRun=All that changes nothing, strategic merge of lists by name, merge
patch, scale, eviction under disruption budgets (429), binding, lists with limit and continue, watch, 403 by verb, and
validation by the schemas of kubernetes-validate where it is installed. `tests/cluster/test_kubernetes_api.py` compares
it with kubectl and the official client. It is no Kubernetes: what is not here is 404.
"""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from tests.cluster.kubernetes_objects import KINDS, VERSION, Cluster, Object, Refused, merge_patch, strategic

TICK = 0.02
"""Seconds between two rounds of the controller."""


class Server:
    """The server over HTTP."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        try:
            parts = request.path.strip("/").split("/")
            if parts[0] not in ("api", "apis") or len(parts) < (3 if parts[0] == "api" else 4):
                return web.json_response(discovery(parts))
            parts = parts[2:] if parts[0] == "api" else parts[3:]
            namespace = None
            if parts[0] == "namespaces" and len(parts) > 2:
                namespace, parts = parts[1], parts[2:]
            plural, name, sub = (*parts, "", "")[:3]
            if plural not in KINDS:
                raise Refused(404, "NotFound", "the server could not find the requested resource")
            if request.query.get("watch") in ("true", "1"):
                return await self._watch(request, plural, namespace)
            answer = await self._object(request, plural, namespace, name, sub)
            if request.method != "GET" and request.query.get("dryRun") != "All":
                self.cluster.changes.append(f"{request.method} {request.path}")
            return web.json_response(answer)
        except Refused as refused:
            retry = refused.status.get("details", {}).get("retryAfterSeconds")
            headers = {} if retry is None else {"Retry-After": str(retry)}
            return web.json_response(refused.status, status=refused.code, headers=headers)

    async def _object(self, request: web.Request, plural: str, space: str | None, name: str, sub: str) -> Object:
        cluster, method = self.cluster, request.method
        verb = {"GET": "get" if name else "list", "POST": "create", "PATCH": "patch", "PUT": "update"}.get(
            method, "delete"
        )
        resource = f"{plural}/{sub}" if sub else plural
        if (verb, resource) in cluster.denied:
            who = 'User "test" cannot'
            raise Refused(403, "Forbidden", f'{plural} "{name}" is forbidden: {who} {verb} resource "{resource}"')
        if method == "GET" and not name:
            return self._list(request, plural, space)
        is_dry = request.query.get("dryRun") == "All"
        body = await request.json() if request.can_read_body else {}
        if sub == "eviction":
            return cluster.evict(space or "", name, body, is_dry=is_dry)
        if sub == "binding":
            return cluster.bind(space or "", name, body, is_dry=is_dry)
        if method == "POST":
            group, kind, _ = KINDS[plural]
            place = {"namespace": space} if space else {}
            return cluster.create(
                {**body, "apiVersion": group, "kind": kind, "metadata": {**body["metadata"], **place}}, is_dry=is_dry
            )
        old = cluster.get(plural, space or "", name)
        if method == "DELETE":
            return old if is_dry else cluster.delete(plural, space or "", name)
        seen = scale_of(old) if sub == "scale" else old
        if method == "GET":
            return seen
        new = body if method == "PUT" else patched(seen, body, request.content_type)
        if sub == "scale":
            meta = {k: v for k, v in new["metadata"].items() if k in ("uid", "resourceVersion")}
            replicas = {"replicas": new["spec"]["replicas"]}
            new = {**old, "metadata": {**old["metadata"], **meta}, "spec": {**old["spec"], **replicas}}
            return scale_of(cluster.update(old, new, is_dry=is_dry))
        return cluster.update(old, copy.deepcopy(new), is_dry=is_dry)

    def _list(self, request: web.Request, plural: str, space: str | None) -> Object:
        wanted = dict(p.split("=", 1) for p in request.query.get("labelSelector", "").split(",") if "=" in p)
        fields = dict(p.split("=", 1) for p in request.query.get("fieldSelector", "").split(",") if "=" in p)
        items = [
            o
            for o in self.cluster.all(plural, space)
            if wanted.items() <= o["metadata"].get("labels", {}).items()
            and all(
                o["metadata"].get(k.removeprefix("metadata."), o.get("spec", {}).get(k[5:])) == v
                for k, v in fields.items()
            )
        ]
        start, limit = int(request.query.get("continue") or 0), int(request.query.get("limit") or 0) or len(items)
        more = {"continue": str(start + limit)} if start + limit < len(items) else {}
        group, kind, _ = KINDS[plural]
        meta = {"resourceVersion": str(self.cluster._version), **more}
        return {"apiVersion": group, "kind": f"{kind}List", "metadata": meta, "items": items[start : start + limit]}

    async def _watch(self, request: web.Request, plural: str, space: str | None) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        seen = int(request.query.get("resourceVersion") or 0)
        for _ in range(int(float(request.query.get("timeoutSeconds", 1)) / TICK)):
            for version, event, of, object_ in [e for e in self.cluster.events if e[0] > seen]:
                seen = version
                if of == plural and space in (None, object_["metadata"].get("namespace")):
                    await response.write(json.dumps({"type": event, "object": object_}).encode() + b"\n")
            await asyncio.sleep(TICK)
        return response


def patched(object_: Object, body: Object, content_type: str) -> Object:
    if content_type == "application/strategic-merge-patch+json":
        return strategic(object_, body)
    if content_type == "application/merge-patch+json":
        return merge_patch(object_, body)
    raise Refused(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content_type}")


def scale_of(object_: Object) -> Object:
    meta = {k: object_["metadata"].get(k) for k in ("name", "namespace", "uid", "resourceVersion")}
    spec, status = {"replicas": object_["spec"]["replicas"]}, {"replicas": object_.get("status", {}).get("replicas", 0)}
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": meta, "spec": spec, "status": status}


def discovery(parts: list[str]) -> Object:
    """Return what clients ask a server about itself."""
    path = "/".join(parts)
    groups = sorted({g for g, _, _ in KINDS.values() if g != "v1"})
    if path == "version":
        return {"major": "1", "minor": "32", "gitVersion": f"v{VERSION}.0-fake"}
    if path == "api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "apis":
        named = [{"groupVersion": g, "version": g.split("/")[1]} for g in groups]
        listed = [{"name": v["groupVersion"].split("/")[0], "versions": [v], "preferredVersion": v} for v in named]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    group = path.removeprefix("apis/").removeprefix("api/")
    verbs = ["get", "list", "create", "update", "patch", "delete", "watch"]
    resources = [
        {"name": plural, "singularName": kind.lower(), "namespaced": spaced, "kind": kind, "verbs": verbs}
        for plural, (of, kind, spaced) in KINDS.items()
        if of == group
    ]
    if group == "v1":
        eviction = {"group": "policy", "version": "v1", "kind": "Eviction", "verbs": ["create"], "singularName": ""}
        resources.append({"name": "pods/eviction", "namespaced": True, **eviction})
    if group == "apps/v1":
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale", "singularName": "", "namespaced": True}
        resources += [{"name": f"{p}/scale", "verbs": verbs, **scale} for p in ("deployments", "statefulsets")]
    if not resources:
        raise Refused(404, "NotFound", "the server could not find the requested resource")
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": resources}


@contextmanager
def serving(cluster: Cluster, *, is_ticking: bool = True) -> Iterator[Server]:
    """Serve a cluster from a thread while the block runs."""
    server, loop = Server(cluster), asyncio.new_event_loop()

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def tick() -> None:
        while True:
            cluster.tick()
            await asyncio.sleep(TICK)

    runner = loop.run_until_complete(begin())
    ticking = loop.create_task(tick()) if is_ticking else None
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        if ticking is not None:
            loop.call_soon_threadsafe(ticking.cancel)
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
