"""Expressions are parsed by several threads at once, as self-play and studies do."""

import gc
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from aurora.sim.policies.expression import Expr, parse

TEXT = "+".join(f"node.cpu_free*({i}.5-task.cpu)" for i in range(20))


@pytest.fixture
def other_threads_run_inside_the_parser() -> Iterator[None]:
    """Collect garbage often, and let another thread run in each collection."""
    before = gc.get_threshold(), sys.getswitchinterval()

    def pause(phase: str, info: object) -> None:
        time.sleep(1e-5)

    gc.callbacks.append(pause)
    gc.set_threshold(20)
    sys.setswitchinterval(1e-6)
    yield
    gc.set_threshold(*before[0])
    sys.setswitchinterval(before[1])
    gc.callbacks.remove(pause)


@pytest.mark.usefixtures("other_threads_run_inside_the_parser")
def test_threads_at_different_depths_of_the_stack_parse_the_same() -> None:
    parsed: list[Expr] = []
    together = threading.Barrier(4)

    def work(depth: int) -> None:
        if depth:
            work(depth - 1)
            return
        together.wait()
        for _ in range(40):
            parsed.append(parse(TEXT))

    threads = [threading.Thread(target=work, args=(3 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(parsed) == 160, "a thread of the parser failed"
    assert len({hash(expr) for expr in parsed}) == 1
