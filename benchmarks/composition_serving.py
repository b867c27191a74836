"""The composition engine under load: beside plain FastAPI and Ray Serve, predictions of p95, swaps, and kills.

    python benchmarks/composition_serving.py rivals --model busy-1ms --rate 100 --rounds 5
    python benchmarks/composition_serving.py prediction
    python benchmarks/composition_serving.py swaps --swaps 100 --rate 200
    python benchmarks/composition_serving.py kills --workers 20 --engines 10

All servers run on this machine, in processes of their own, with trial components whose behaviour is stated. `rivals`
takes the servers in turn in every round, so that what else the machine does meets all alike; ratios are of one round.
With `--ray-python`, Ray Serve runs in another environment; without Ray Serve it is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.errors import RunError
from aurora.learning.composition.catalogue import ARTEFACTS
from aurora.learning.composition.engine.control import Control
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.load import LoadResult, poisson_arrivals, run_closed, run_load
from aurora.learning.composition.engine.loading import DEFAULT_LOAD
from aurora.learning.composition.engine.service import JOURNAL, STATE
from aurora.learning.composition.engine.trial import LOAD
from aurora.learning.composition.profiles.profiling import DEFAULT_FOLDER, measure_branch
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.queueing import quantile, response_times
from aurora.learning.composition.tasks import machines

BODY = b'{"item": [0.25, 0.5]}'
START_SECONDS = 180.0
CLIENTS = 16
ORPHAN_SECONDS = 15.0
"""Within this time workers whose engine was killed have to end."""


class Case(NamedTuple):
    """A pipeline whose p95 is predicted.

    Attributes:
        pipeline: The pipeline.
        workers: Workers.
        busy: Share of time for which a worker is busy; for components of a task, requests a second.
        seconds: Stated time of a request in the trial component; 0 for measured components of the task `machines`.
    """

    pipeline: str
    workers: int
    busy: float
    seconds: float = 0.0


CASES = (
    Case("sleep-5ms", 1, 0.3, 0.005),
    Case("sleep-5ms", 1, 0.6, 0.005),
    Case("sleep-20ms", 2, 0.7, 0.02),
    Case("busy-10ms", 1, 0.5, 0.01),
    Case("standardise > logistic", 1, 50.0),
    Case("standardise > logistic ? 0.8 | forest-100", 1, 50.0),
)


def described(pipeline: str, port: int = 0, **fields: Any) -> Deployment:
    """Return the description of a deployment of trial components that is patient with a busy machine."""
    patient: dict[str, Any] = {"stage_ms": 20_000, "request_ms": 45_000}
    return Deployment(
        name="bench", pipeline=pipeline, load=LOAD, port=port, timeouts=patient, queue_limit=100_000, **fields
    )


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def process(*words: str, python: str = sys.executable) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server while the block runs."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [python, *words], env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as one:
        try:
            yield one
        finally:
            one.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                one.wait(60)
            one.kill()


def wait_for(url: str, one: subprocess.Popen[bytes]) -> bool:
    """Wait until a server answers a prediction; return False if it has ended."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and one.poll() is None:
        with suppress(Exception):
            found = run_load(url, [BODY], np.zeros(1))
            if found.failed == 0:
                return True
        time.sleep(0.2)
    return False


@contextmanager
def engine(folder: Path, deployment: Deployment) -> Iterator[subprocess.Popen[bytes]]:
    """Run the engine in a process of its own while the block runs, ready."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder.parent / f"{folder.name}.json"
    file.write_text(deployment.model_dump_json())
    words = ["-m", "aurora", "compose", "deploy", "--name", folder.name]
    if not (folder / JOURNAL).exists():  # else it goes on with the version that served
        words += ["--file", str(file)]
    (folder / STATE).unlink(missing_ok=True)
    with process(*words, "--folder", str(folder.parent)) as one:
        until = time.monotonic() + START_SECONDS
        while not (folder / STATE).exists():
            if one.poll() is not None or time.monotonic() > until:
                raise SystemExit("the engine did not start")
            time.sleep(0.05)
        yield one


def rivals(options: argparse.Namespace) -> None:
    """Print throughput and p95 of the engine as ratios to those of plain FastAPI and of Ray Serve."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        urls: dict[str, str] = {}
        deployment = described(options.model, free_port(), batching={"size": options.batch}, workers=options.workers)
        stack.enter_context(engine(Path(folder) / "bench", deployment))
        urls["engine"] = f"http://127.0.0.1:{deployment.port}/predict"
        for name, python in (("fastapi", sys.executable), ("ray", options.ray_python)):
            port = free_port()
            words = [__file__, f"serve-{name}", "--model", options.model, "--port", str(port)]
            one = stack.enter_context(process(*words, "--workers", str(options.workers), python=python))
            url = f"http://127.0.0.1:{port}/predict"
            if wait_for(url, one):
                urls[name] = url
            else:
                print(f"{name} does not run here")
        rates: dict[str, list[float]] = {name: [] for name in urls}
        tails: dict[str, list[float]] = {name: [] for name in urls}
        for number in range(options.rounds):
            for name, url in urls.items():
                closed = run_closed(url, BODY, clients=CLIENTS, seconds=options.seconds)
                rates[name].append(closed.statuses[200] / closed.seconds)
                arrivals = poisson_arrivals(options.rate, options.seconds, seed=number)
                opened = run_load(url, [BODY], arrivals)
                tails[name].append(opened.quantiles.p95)
                if closed.failed or opened.failed:
                    print(f"{name}: {closed.failed + opened.failed} failed: {closed.faults + opened.faults}")
    print(f"# {options.model}, {options.workers} workers, load average {os.getloadavg()[0]:.1f}")
    print("server\trequests a second\tp95 ms\tthroughput, engine to it\tp95, engine to it")
    for name in urls:
        more = [a / b for a, b in zip(rates["engine"], rates[name], strict=True)]
        slower = [a / b for a, b in zip(tails["engine"], tails[name], strict=True)]
        print(
            name, spread(rates[name]), spread([1000 * t for t in tails[name]]), spread(more), spread(slower), sep="\t"
        )


def spread(values: Sequence[float]) -> str:
    """Return median, least and most of some values."""
    return f"{np.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def serve_fastapi(options: argparse.Namespace) -> None:
    """Serve a trial model by plain FastAPI, as one would write it."""
    import uvicorn  # noqa: PLC0415  # of an extra
    from fastapi import FastAPI  # noqa: PLC0415  # of an extra
    from pydantic import BaseModel  # noqa: PLC0415  # used here only

    from aurora.learning.composition.engine.trial import load_branch  # noqa: PLC0415  # used here only
    from aurora.learning.composition.pipelines.pipeline import Branch  # noqa: PLC0415  # used here only

    branch = load_branch(Branch((), options.model), "", Path())
    app = FastAPI()

    class Item(BaseModel):
        item: list[float]

    def predict(body: Item) -> dict[str, Any]:
        row = branch(np.array([body.item], np.float32))[0]
        best = int(row.argmax())
        return {"label": branch.classes[best], "probability": float(row[best]), "probabilities": row.tolist()}

    predict.__annotations__["body"] = Item
    app.post("/predict")(predict)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


def serve_ray(options: argparse.Namespace) -> None:
    """Serve a trial model by Ray Serve, from the same description."""
    import ray  # noqa: PLC0415  # of an extra

    from aurora.learning.composition.engine.ray_serve import run  # noqa: PLC0415  # needs the extra

    ray.init("local", num_cpus=options.workers + 2, include_dashboard=False, object_store_memory=200 << 20)
    run(described(options.model, options.port, workers=options.workers))
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def prediction(options: argparse.Namespace) -> None:
    """Print the p95 that the measured times of the components predict beside the measured one.

    Before it, single requests tell how long a worker is kept by one beside its components, and what else one takes: the
    client's time, connections, the HTTP of the service. Their spread counts too. What a trial component takes is
    measured by the service; times of real components are those of their profiles.
    """
    print("pipeline\tworkers\trate\tpredicted p95 ms\tmeasured p95 ms\terror\tsent late, p95 ms")
    errors = []
    for case in CASES:
        predicted, found, rate = predicted_and_measured(case, options.seconds)
        measured = found.quantiles.p95
        errors.append(abs(predicted / measured - 1))
        late = float(np.quantile(found.late, 0.95))
        cells = (f"{rate:.1f}", f"{1000 * predicted:.2f}", f"{1000 * measured:.2f}", f"{predicted / measured - 1:+.1%}")
        print(case.pipeline, case.workers, *cells, f"{1000 * late:.2f}", sep="\t", flush=True)
    print(f"median error {np.median(errors):.1%}, largest {max(errors):.1%}, load average {os.getloadavg()[0]:.1f}")


def predicted_and_measured(case: Case, seconds: float) -> tuple[float, LoadResult, float]:
    """Return the predicted p95 in seconds, the measured answers, and the rate of the requests."""
    fields: dict[str, Any] = {"batching": {"size": 1}, "workers": case.workers}
    deployment = described(case.pipeline, free_port(), **fields)
    served, stages, bodies = np.full(1, case.seconds), np.ones(1), [BODY]
    if not case.seconds:
        task = machines.task()
        split = task.split("select")
        branches = {branch for stage in deployment.graph().stages for branch in stage.branches}
        table = TableEvaluator({branch: measure_branch(branch, task) for branch in branches}, split.labels)
        trace = table.trace(deployment.graph())
        served, stages = trace.total_seconds, (trace.seconds >= 0).sum(axis=0)
        bodies = [json.dumps({"item": np.asarray(row).tolist()}).encode() for row in split.items]
        place = str((DEFAULT_FOLDER / ARTEFACTS).absolute())
        deployment = deployment.model_copy(update={"load": DEFAULT_LOAD, "task": task.name, "artefacts": place})
    rate = case.busy * case.workers / float(served.mean()) if case.seconds else case.busy
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder) / "bench", deployment):
        url = f"http://127.0.0.1:{deployment.port}/predict"
        alone = run_load(url, bodies, np.arange(0, seconds, 0.05))
        told = measured_means(url)
        if case.seconds:
            served = np.full(1, told["service"])
        held = served + (told["busy"] - told["service"]) * stages
        # one after the other, so answers come in the order of the requests
        overhead = np.maximum(0.0, alone.latencies - np.resize(held, len(alone.latencies)))
        arrivals = poisson_arrivals(rate, seconds, seed=1)
        times = response_times(arrivals, np.resize(held, len(arrivals)), case.workers)
        found = run_load(url, bodies, arrivals)
    if found.failed:
        print(f"{found.failed} failed: {found.faults}")
    spread_out = np.random.default_rng(1).permutation(np.resize(overhead, len(times)))
    return quantile(times + spread_out, 0.95), found, rate


def measured_means(url: str) -> dict[str, float]:
    """Return the mean seconds of a batch that a service has measured: `service` in components, `busy` of its worker."""
    with urllib.request.urlopen(url.replace("/predict", "/metrics"), timeout=60) as answer:
        lines = [line.split() for line in answer.read().decode().splitlines() if not line.startswith("#")]
    found = {}
    for name in ("service", "busy"):
        start = f"aurora_compose_stage_{name}_seconds"
        total, count = (sum(float(v) for k, v in lines if k.startswith(f"{start}_{part}")) for part in ("sum", "count"))
        found[name] = total / count
    return found


def stamp_fault(body: bytes, version: str, answer: bytes) -> str:
    """Return what is wrong with an answer of a deployment whose version N has the model `stamp-N`."""
    data = json.loads(answer)
    stamps = {round(one["probabilities"][1] * 1000) for one in data["answers"]}
    return "" if stamps == {int(version)} == {data["version"]} else f"version {version} answered {stamps}"


class Background(threading.Thread):
    """Open-loop load in a process of its own while something else happens; the sum of it is in `results`."""

    def __init__(self, url: str, rate: float) -> None:
        super().__init__()
        self._url, self._rate = url, rate
        self.is_over = threading.Event()
        self.results: list[LoadResult] = []

    def run(self) -> None:
        """Put load in pieces of 5 s until told to end."""
        body = b'{"items": [[0.25, 0], [0.5, 0]]}'
        while not self.is_over.is_set():
            arrivals = poisson_arrivals(self._rate, 5.0, seed=len(self.results))
            self.results.append(run_load(self._url, [body], arrivals, check=stamp_fault))

    def end(self) -> str:
        """Wait for the last answers, and return what became of all requests."""
        self.is_over.set()
        self.join()
        answered = sum(one.statuses[200] for one in self.results)
        failed = sum(one.failed for one in self.results)
        faults = sum((one.faults for one in self.results), start=self.results[0].faults.__class__())
        versions = len({version for one in self.results for version in one.versions})
        tail = 1000 * float(np.quantile(np.concatenate([one.latencies for one in self.results]), 0.95))
        seconds = sum(one.seconds for one in self.results)
        rate = answered / seconds
        text = f"{answered} answered by {versions} versions, {failed} failed, {rate:.0f} a second, p95 {tail:.1f} ms"
        return f"{text}; faults: {dict(faults)}" if faults else text


def swaps(options: argparse.Namespace) -> None:
    """Swap again and again under load; each version stamps its answers."""
    fields: dict[str, Any] = {"shadow": {"requests": 10, "seconds": 2}, "workers": options.workers}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "bench"
        deployment = described("stamp-1", free_port(), **fields)
        with engine(place, deployment):
            load = Background(f"http://127.0.0.1:{deployment.port}/predict", options.rate)
            load.start()
            control, times = Control(place), []
            for number in range(2, options.swaps + 2):
                began = time.monotonic()
                status = control.swap(described(f"stamp-{number}", **fields), who="benchmark", why="swap")
                times.append(time.monotonic() - began)
                assert status["version"] == number
            print(f"{options.swaps} swaps, {spread(times)} s each; {load.end()}")


def kills(options: argparse.Namespace) -> None:
    """Kill workers under load, then the engine in the middle of swaps."""
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "bench"
        deployment = described("stamp-1", free_port(), workers=2)
        with engine(place, deployment):
            load = Background(f"http://127.0.0.1:{deployment.port}/predict", options.rate)
            load.start()
            control = Control(place)
            for _ in range(options.workers):
                pids = control.status()["workers"][0]["pids"]
                os.kill(random.choice(pids), signal.SIGKILL)
                time.sleep(2.0)
            print(f"{options.workers} workers killed; {load.end()}")
        came_up: list[str] = []
        for _ in range(options.engines):
            came_up.append(killed_in_swap(place, deployment))
        print(f"{options.engines} engines killed in the middle of a swap: {', '.join(came_up)}")


def killed_in_swap(place: Path, deployment: Deployment) -> str:
    """Kill the engine at a random moment of a swap; return which version came up, after checking that it is whole."""
    before = History(place / JOURNAL)
    old, new = before.serving[-1], before.next
    with engine(place, deployment) as one:
        control = Control(place)
        old_pids = [pid for pool in control.status()["workers"] for pid in pool["pids"]]
        threading.Timer(random.uniform(0.05, 3.0), one.kill).start()
        with suppress(RunError, OSError, KeyError):
            control.swap(
                described(f"stamp-{new}", deployment.port, workers=2, shadow={"seconds": 0.5}),
                who="benchmark",
                why="kill",
            )
        one.wait()
    until = time.monotonic() + ORPHAN_SECONDS
    while (alive := [pid for pid in old_pids if is_alive(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    serving = History(place / JOURNAL).serving[-1]
    with engine(place, deployment):
        found = run_load(
            f"http://127.0.0.1:{deployment.port}/predict", [BODY], poisson_arrivals(50, 1, seed=0), check=stamp_fault
        )
    assert serving in (old, new), (serving, old, new)
    assert found.failed == 0, found.faults
    assert not alive, alive
    return "new" if serving == new else "old"


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and is still listed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def main() -> None:
    """Run one of the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("rivals")
    one.add_argument("--model", default="busy-1ms")
    one.add_argument("--rate", type=float, default=100.0)
    one.add_argument("--rounds", type=int, default=5)
    one.add_argument("--seconds", type=float, default=4.0)
    one.add_argument("--workers", type=int, default=1)
    one.add_argument("--batch", type=int, default=16)
    one.add_argument("--ray-python", default=sys.executable)
    one.set_defaults(run=rivals)
    for name, serve in (("serve-fastapi", serve_fastapi), ("serve-ray", serve_ray)):
        one = commands.add_parser(name)
        one.add_argument("--model", required=True)
        one.add_argument("--port", type=int, required=True)
        one.add_argument("--workers", type=int, default=1)
        one.set_defaults(run=serve)
    one = commands.add_parser("prediction")
    one.add_argument("--seconds", type=float, default=20.0)
    one.set_defaults(run=prediction)
    one = commands.add_parser("swaps")
    one.add_argument("--swaps", type=int, default=100)
    one.add_argument("--rate", type=float, default=200.0)
    one.add_argument("--workers", type=int, default=1)
    one.set_defaults(run=swaps)
    one = commands.add_parser("kills")
    one.add_argument("--workers", type=int, default=20)
    one.add_argument("--engines", type=int, default=10)
    one.add_argument("--rate", type=float, default=100.0)
    one.set_defaults(run=kills)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
