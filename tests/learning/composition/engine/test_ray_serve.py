"""Ray Serve runs the same description; slow, and only where Ray Serve is installed."""

import json

import numpy as np
import pytest

from aurora.learning.composition.engine.in_process import InProcess
from tests.learning.composition.engine.served import ask
from tests.learning.composition.engine.trials import described

pytestmark = pytest.mark.slow


def test_ray_serve_answers_as_the_process_itself_does():
    ray = pytest.importorskip("ray")
    serve = pytest.importorskip("ray.serve", exc_type=ImportError)
    from aurora.learning.composition.engine.ray_serve import run

    deployment = described("plain ? 0.8 | raises + sleep-0ms", port=8779, degraded_answers=True, batching={"size": 4})
    items = [[0.9, 0], [0.6, 0], [0.6, -1]]
    expected = InProcess(deployment)
    ray.init("local", num_cpus=4, include_dashboard=False, object_store_memory=200 << 20, log_to_driver=False)
    try:
        url = run(deployment)
        assert url.endswith("/predict")
        for item in items:
            wanted = expected.answer(np.array([item], np.float32))
            status, headers, body = ask(8779, "POST", "/predict", {"item": item})
            found = json.loads(body)
            assert (status, headers["x-aurora-version"]) == (200, "1")
            assert np.allclose(found["answers"][0]["probabilities"], wanted.probabilities[0], atol=1e-6)
            assert bool(found.get("degraded")) == bool(wanted.degraded)
        assert ask(8779, "POST", "/predict", {"item": [1]})[0] == 422
    finally:
        serve.shutdown()
        ray.shutdown()
