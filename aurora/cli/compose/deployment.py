"""`aurora compose deploy`, `status`, `rollback` and `stop`: a pipeline as a service."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from aurora.cli import options
from aurora.cli.schedule.running import until_stopped
from aurora.cli.secret import read_token
from aurora.cli.terminal.output import emit_json, emit_table, note, say
from aurora.cli.terminal.steps import steps

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.composition.engine.description import Deployment

MAX_PORT = 65_535
NAME_PATTERN = r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?"
START_SECONDS = 600.0
"""Longest wait for a service in the background to be ready."""
LayoutChoice = Literal["whole", "branches"]
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")
_FOLDER = options.path(Path("runs/deployments"), "--folder", help="Folder of the deployments.")
_NAME = options.text("default", help="Name of the deployment: lower-case letters, digits, hyphens.", most=42)
_TOKEN = options.path(None, "--token-file", help="File with the secret that requests must carry.")
_WHY = options.text("", help="Why, for the journal.", most=1000)


def deploy(  # one parameter an option
    pipeline: str = options.text_argument(
        "",
        help="The pipeline, such as 'vader ? 0.8 | tf-idf > logistic'. Default: the one that served last.",
        most=9999,
    ),
    task: str = options.text("", help="Task whose components are loaded.", most=128),
    name: str = _NAME,
    file: Path | None = options.path(None, help="Description of the deployment, JSON; options take precedence."),
    artefacts: Path | None = options.path(
        None, help="Folder of the fitted components. Default: that of `aurora compose profile`."
    ),
    workers: int | None = options.count(None, most=64, help="Worker processes, of the pipeline or of each branch."),
    layout: LayoutChoice | None = typer.Option(None, help="Workers of the whole pipeline, or of each of its branches."),
    batch: int | None = options.count(None, most=1024, help="Most items of a batch."),
    deadline: float | None = options.number(
        None,
        least=0,
        most=10_000,
        unit="milliseconds",
        help="Longest wait for others while a worker is free.",
    ),
    queue: int | None = options.count(None, most=1_000_000, help="Most items that wait; more are refused with 503."),
    host: str | None = options.text(None, help="Address to listen on; others than this machine need --token-file."),
    port: int | None = options.count(None, least=0, most=MAX_PORT, help="Port; 0 for any that is free."),
    degraded: bool | None = typer.Option(
        None, "--degraded/--no-degraded", help="Answer without a stage that failed, and say so."
    ),
    trial: bool = typer.Option(False, "--trial", help="Use trial components, such as sleep-2ms, instead of a task's."),
    token_file: Path | None = _TOKEN,
    is_open: bool = typer.Option(False, "--open", help="Let others than this machine ask without a secret."),
    why: str = _WHY,
    detach: bool = typer.Option(False, "--detach", help="Run in the background; return when it is ready."),
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Run a pipeline as a service; if the deployment runs already, let the new pipeline take over.

    Example: aurora compose deploy "scale > logistic ? 0.9 | scale > svc" --task tabular --workers 2
    """
    from aurora.learning.composition.engine.control import Control, is_running  # heavy, used here only
    from aurora.learning.composition.engine.service import Service  # likewise
    from aurora.people import user

    given: dict[str, Any] = {
        "pipeline": pipeline or None,
        "task": task or None,
        "artefacts": None if artefacts is None else str(artefacts),
        "workers": workers,
        "layout": layout,
        "queue_limit": queue,
        "host": host,
        "port": port,
        "degraded_answers": degraded,
    }
    batching = {"size": batch, "deadline_ms": deadline}
    described = _described(name, file, given, batching, trial)
    place = _place(folder, name)
    token = read_token(token_file)
    if is_running(place):
        if described is None:
            raise options.usage_error("PIPELINE", f"{name} runs already; give the pipeline that is to take over")
        control = Control(place, token)
        with steps() as progress:
            found = control.swap(described, who=user(), why=why, progress=progress)
        _show(found, control.url, as_json)
        return
    if detach:
        _detach(place, [word for word in sys.argv[1:] if word not in ("--detach", "--json")])
        control = Control(place, token)
        _show(control.status(), control.url, as_json)
        return
    failure: list[BaseException] = []
    with Service(place, described, token=token, is_open=is_open, why=why) as service:

        def work() -> None:
            try:
                service.serve_forever()
            except BaseException as error:  # told in the main thread
                failure.append(error)

        def ready() -> None:
            if service.wait_ready():
                note(f"{name} answers at {service.url}/predict; Ctrl-C ends it")

        threading.Thread(target=ready, daemon=True).start()
        until_stopped(work, service.shutdown)
    if failure:
        raise failure[0]


def status(
    name: str = options.text_argument("", help="Name of the deployment. Default: all.", most=42),
    token_file: Path | None = _TOKEN,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Show which version serves, how its workers do, and the versions before it.

    Example: aurora compose status films
    """
    from aurora.learning.composition.engine.control import Control, is_running  # heavy, used here only
    from aurora.learning.composition.engine.history import History  # likewise
    from aurora.learning.composition.engine.service import JOURNAL  # likewise

    names = [name] if name else sorted(path.parent.name for path in folder.glob(f"*/{JOURNAL}"))
    found: list[dict[str, Any]] = []
    for one in names:
        place = _place(folder, one)
        if is_running(place):
            control = Control(place, read_token(token_file))
            found.append({**control.status(), "url": control.url, "pid": control.pid})
            continue
        history = History(place / JOURNAL)
        if name and not history.records:
            raise options.usage_error("NAME", f"no deployment {options.shown(name)} in {folder}")
        serving = history.serving
        pipeline = history.description(serving[-1]).pipeline if serving else ""
        found.append({"name": one, "state": "stopped", "pipeline": pipeline, "versions": serving})
    if as_json:
        emit_json({"deployments": found})
        return
    emit_table(
        "deployments",
        ("name", "state", "version", "pipeline", "address"),
        [
            (one["name"], one["state"], (one["versions"] or [None])[-1], one["pipeline"], one.get("url"))
            for one in found
        ],
    )
    for shown in found:
        for reason in shown.get("reasons", []):
            note(f"{shown['name']}: {reason}")
    if name:
        emit_table(
            "versions",
            ("version", "time", "what", "who", "why", "found"),
            [(r.version, r.time, r.action, r.who, r.why, r.detail) for r in History(folder / name / JOURNAL).records],
        )


def rollback(
    name: str = options.text_argument("default", help="Name of the deployment.", most=42),
    why: str = _WHY,
    token_file: Path | None = _TOKEN,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Return to the version before: at once while it is still warm.

    Example: aurora compose rollback films --why "too slow"
    """
    from aurora.learning.composition.engine.control import Control  # heavy, used here only
    from aurora.people import user

    control = Control(_place(folder, name), read_token(token_file))
    with steps() as progress:
        found = control.roll_back(who=user(), why=why, progress=progress)
    _show(found, control.url, as_json)


def stop(
    name: str = options.text_argument("default", help="Name of the deployment.", most=42),
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """End a deployment once what was asked is answered; `deploy` without a pipeline starts it again.

    Example: aurora compose stop films
    """
    from aurora.learning.composition.engine.control import Control  # heavy, used here only

    place = _place(folder, name)
    Control(place).stop(place)
    if as_json:
        emit_json({"name": name, "state": "stopped"})
    else:
        note(f"{name} has stopped")


def manifest(
    pipeline: str = options.text_argument(help="Pipeline such as 'vader ? 0.8 | tf-idf > logistic'.", most=9999),
    image: str = options.text(..., help="Container image with AURORA as its entry point, and with the artefacts."),
    task: str = options.text("", help="Task whose components are loaded.", most=128),
    name: str = _NAME,
    artefacts: str = options.text("/artefacts", help="Folder of the fitted components in the image.", most=4095),
    workers: int = options.count(1, most=64, help="Replicas of each branch."),
    namespace: str = options.text("default", help="Namespace of the services.", most=63),
    trial: bool = typer.Option(False, "--trial", help="Use trial components, such as sleep-2ms, instead of a task's."),
    as_json: bool = _JSON,
) -> None:
    """Print the manifests that run a pipeline on KServe: a service for each branch, and a graph over them.

    Example: aurora compose manifest "vader ? 0.8 | minilm > logistic" --task sentiment --image registry/aurora:1
    """
    import yaml

    from aurora.learning.composition.engine.kserve import kserve_manifests  # heavy, used here only

    given: dict[str, Any] = {"pipeline": pipeline, "task": task, "artefacts": artefacts, "workers": workers}
    described = _described(name, None, given, {}, trial)
    assert described is not None
    manifests = kserve_manifests(described, image, namespace=namespace)
    if as_json:
        emit_json({"manifests": manifests})
    else:
        say(yaml.safe_dump_all(manifests, sort_keys=False).rstrip("\n"))


def _described(
    name: str, file: Path | None, given: dict[str, Any], batching: dict[str, Any], trial: bool
) -> Deployment | None:
    """Return the description of a file and of options; None if there is none."""
    import json

    from aurora.errors import DataError
    from aurora.learning.composition.catalogue import ARTEFACTS  # heavy, used here only
    from aurora.learning.composition.engine.description import read_description  # likewise
    from aurora.learning.composition.engine.trial import LOAD  # likewise
    from aurora.learning.composition.profiles.profiling import DEFAULT_FOLDER  # likewise
    from aurora.reading import read_text

    fields: dict[str, Any] = {}
    if file is not None:
        try:
            fields = dict(json.loads(read_text(file)))
        except (ValueError, TypeError):
            raise DataError(f"{file} holds no JSON object; see the guide for what describes a deployment") from None
    chosen = {key: value for key, value in given.items() if value is not None}
    sizes = {key: value for key, value in batching.items() if value is not None}
    if not fields and "pipeline" not in chosen:
        if chosen or sizes or trial:
            raise options.usage_error("PIPELINE", "give the pipeline too: these options make a new version")
        return None
    if sizes:
        chosen["batching"] = {**fields.get("batching", {}), **sizes}
    if trial:
        chosen["load"] = LOAD
    elif not chosen.get("artefacts") and not fields.get("artefacts"):
        chosen["artefacts"] = str((DEFAULT_FOLDER / ARTEFACTS).absolute())
    return read_description({**fields, **chosen, "name": name})


def _detach(place: Path, words: list[str]) -> None:
    """Start the same command in the background, and wait until it is ready.

    Raises:
        RunError: It ended before it was ready.
    """
    from aurora.errors import RunError
    from aurora.learning.composition.engine.service import STATE

    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    (place / STATE).unlink(missing_ok=True)
    log = place / "engine.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "aurora", *words],  # -P: nothing of the working folder is code
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    until = time.monotonic() + START_SECONDS
    while not (place / STATE).exists():
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise RunError(f"the service has ended: {lines[-1]}; its log is {log}")
        if time.monotonic() > until:
            process.kill()
            raise RunError(f"the service was not ready within {START_SECONDS:.0f} s; its log is {log}")
        time.sleep(0.05)


def _place(folder: Path, name: str) -> Path:
    """Return the folder of a deployment."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise options.usage_error("--name", f"{options.shown(name)} is no name: lower-case letters, digits, hyphens")
    return folder / name


def _show(found: dict[str, Any], url: str, as_json: bool) -> None:
    if as_json:
        emit_json({**found, "url": url})
        return
    note(f"{found['name']}: version {found['version']} answers at {url}/predict: {found['pipeline']}")
    change = found["change"]
    if change is not None and change["detail"]:
        note(change["detail"])
    for reason in found["reasons"]:
        note(reason)
