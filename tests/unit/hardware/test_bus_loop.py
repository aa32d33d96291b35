"""The bus thread: it ends when told, has extra cycles when woken, and counts what was late."""

from __future__ import annotations

import threading
import time

from hardware.hand.loop import BusLoop

PERIOD_NS = 10_000_000


def test_it_runs_at_its_rate_and_ends() -> None:
    count = threading.Semaphore(0)

    def cycle() -> bool:
        count.release()
        return True

    loop = BusLoop(cycle, PERIOD_NS)
    loop.start()
    started_s = time.monotonic()
    assert all(count.acquire(timeout=2.0) for _ in range(20))
    assert time.monotonic() - started_s > 0.15  # nineteen periods, unless it was late
    loop.stop()
    loop.stop()
    cycles = loop.report.cycles
    time.sleep(0.03)
    assert loop.report.cycles == cycles
    assert loop.report.error_ms(50.0) >= 0.0


def test_a_wake_does_not_wait_for_the_period() -> None:
    called = threading.Event()

    def cycle() -> bool:
        called.set()
        return True

    loop = BusLoop(cycle, 10 * PERIOD_NS)
    loop.start()
    assert called.wait(1.0)
    for _ in range(3):
        called.clear()
        loop.wake()
        assert called.wait(1.0)
    loop.stop()
    assert loop.report.extra + loop.report.cycles >= 4
    assert loop.report.extra >= 1


def test_a_cycle_may_end_it() -> None:
    cycles = []

    def cycle() -> bool:
        cycles.append(1)
        return len(cycles) < 3

    loop = BusLoop(cycle, PERIOD_NS // 10)
    loop.start()
    time.sleep(0.1)
    assert len(cycles) == 3
    loop.stop()


def test_a_slow_cycle_is_counted_and_not_made_up_for() -> None:
    slow = iter([0.05])

    def cycle() -> bool:
        time.sleep(next(slow, 0.0))
        return True

    loop = BusLoop(cycle, PERIOD_NS)
    loop.start()
    time.sleep(0.12)
    loop.stop()
    assert loop.report.late >= 1
    assert loop.report.cycles <= 10
