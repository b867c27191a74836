"""Worker processes answer as the process itself does, and a bad component stays where it is."""

import asyncio
import os
import re
import signal

import numpy as np
import pytest

from aurora.learning.composition.engine.in_process import InProcess
from aurora.learning.composition.engine.metrics import Metrics
from aurora.learning.composition.engine.version import StageError, Version
from tests.learning.composition.engine.trials import described, own_workers, rows, running

SLOW_MACHINE = {"stage_ms": 20_000, "request_ms": 40_000}


@pytest.mark.parametrize("layout", ["whole", "branches"])
async def test_both_layouts_answer_as_one_process_does(layout):
    deployment = described(
        "plain ? 0.8 | plain + stamp-900", layout=layout, batching={"size": 4}, timeouts=SLOW_MACHINE
    )
    items = np.random.default_rng(1).random((50, 2)).astype(np.float32)
    here = InProcess(deployment)
    here.answer(items[:1] * 0 + 0.5)  # the stamp's first answer
    expected = here.answer(items)
    metrics = Metrics()
    async with running(deployment, metrics) as version:
        parts = await asyncio.gather(*(version.answer(items[k : k + 7]) for k in range(0, 50, 7)))
        pids = [pid for pool in version.pools for pid in pool.pids]
        assert sorted(pids) == own_workers()
    assert np.allclose(np.concatenate([part.probabilities for part in parts]), expected.probabilities, atol=1e-6)
    assert np.concatenate([part.stages for part in parts]).tolist() == expected.stages.tolist()
    text = metrics.text({}, {})
    assert 0 < metrics.handover < 10
    assert 'aurora_compose_stage_batch_items_bucket{stage="1",le="4"}' in text
    assert 'aurora_compose_stage_errors_total{stage="2"} 0' in text


async def test_a_batch_waits_for_others_until_its_deadline():
    metrics = Metrics()
    deployment = described("plain", batching={"size": 8, "deadline_ms": 150}, timeouts=SLOW_MACHINE)
    async with running(deployment, metrics) as version:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(version.answer(rows(0.5)) for _ in range(3)))
        assert asyncio.get_running_loop().time() - began >= 0.15
        await asyncio.gather(*(version.answer(rows(0.5)) for _ in range(6)))
    assert 'aurora_compose_stage_batch_items_bucket{stage="1",le="2"} 0' in metrics.text({}, {})


async def test_a_component_that_raises_fails_its_own_request_only():
    async with running(described("raises", batching={"size": 8, "deadline_ms": 50}, timeouts=SLOW_MACHINE)) as version:
        answers = await asyncio.gather(
            *(version.answer(rows(0.5, is_bad=is_bad)) for is_bad in (False, True, False)), return_exceptions=True
        )
        assert [type(a).__name__ for a in answers] == ["Answer", "StageError", "Answer"]
        assert "stage 1" in str(answers[1])
        assert "the second column is negative" in str(answers[1])
        assert version.is_ready


async def test_a_hanging_worker_is_killed_and_replaced():
    timeouts = {"stage_ms": 300, "request_ms": 40_000}
    async with running(described("hangs", timeouts=timeouts)) as version:
        (before,) = version.pools[0].pids
        with pytest.raises(StageError, match="did not answer within 300 ms") as caught:
            await version.answer(rows(0.5, is_bad=True))
        assert caught.value.status == 504
        assert "did not answer" in version.reasons[0]
        version.pools[0]._described = described("hangs", timeouts=SLOW_MACHINE)  # a busy machine is no hang
        assert (await version.answer(rows(0.5))).probabilities.tolist() == [[0.5, 0.5]]
        assert version.pools[0].pids != [before]
        assert version.reasons == []
        with pytest.raises(ProcessLookupError):
            os.kill(before, 0)


async def test_the_answer_before_stands_in_for_a_stage_that_fails_where_that_is_allowed():
    deployment = described("plain ? 0.9 | raises", degraded_answers=True, timeouts=SLOW_MACHINE)
    async with running(deployment) as version:
        answer = await version.answer(rows(0.3, is_bad=True))
        assert answer.stages.tolist() == [0]
        assert "stage 2: the pipeline: raises: ValueError" in answer.degraded[0]
        assert (await version.answer(rows(0.3))).degraded == ()


async def test_a_killed_worker_fails_no_request():
    async with running(described("sleep-20ms", workers=2, batching={"size": 1}, timeouts=SLOW_MACHINE)) as version:
        waiting = [version.answer(rows(0.5)) for _ in range(10)]
        await asyncio.sleep(0.03)
        os.kill(version.pools[0].pids[0], signal.SIGKILL)
        await asyncio.gather(*waiting)
        assert version.pools[0].deaths == 1


async def test_a_leak_ends_the_worker_at_its_limit_and_not_the_request():
    async with running(described("leaks-40mb", memory_mb=250, batching={"size": 1}, timeouts=SLOW_MACHINE)) as version:
        for _ in range(6):
            assert (await version.answer(rows(0.5))).probabilities.tolist() == [[0.5, 0.5]]
            await asyncio.sleep(0.15)
        assert version.pools[0].deaths > 0


async def test_a_crash_in_a_row_makes_the_version_say_why():
    async with running(described("crashes", batching={"size": 1}, timeouts=SLOW_MACHINE)) as version:
        with pytest.raises(StageError, match="SIGSEGV"):
            await version.answer(rows(0.5, is_bad=True))
        assert "SIGSEGV" in version.reasons[0]


@pytest.mark.parametrize(
    ("model", "reason"),
    [("bad-start", "can't be loaded"), ("slow-start-9s", "not ready within"), ("leaks-900mb", "memory|MiB")],
)
async def test_a_version_that_can_not_start_says_why(model, reason):
    deployment = described(model, memory_mb=128, timeouts={"start_s": 4 if "slow" in model else 60})
    version = Version(1, deployment, Metrics().of_stages(1))
    try:
        found = await version.warm()
    finally:
        version.stop()
    assert re.search(reason, found)
