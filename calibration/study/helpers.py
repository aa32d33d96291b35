"""Processes that help with the trials of a study, on this machine or on others."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from calibration.recordings import read_recording
from calibration.study.case import Case, make_case
from calibration.study.ledger import Ledger
from calibration.study.trials import work_off
from sim import PhysicsParameters

MOST = 4
"""Trials that a helper takes at a time, so that others get some."""

_POLL_S = 0.1


def help_out(ledger: Ledger, case: Case, on_trials: Callable[[int], bool] = lambda _: True) -> int:
    """Evaluate trials of a study that another process leads, until it is finished.

    Args:
        ledger: Of the study.
        case: The same that the leader has.
        on_trials: Is told how many were evaluated so far, and now and then; False ends it.

    Returns:
        How many trials were evaluated.
    """
    done = 0
    while not ledger.is_finished and on_trials(done):
        count = work_off(ledger, case.problem, MOST)
        done += count
        if not count:
            time.sleep(_POLL_S)
    return done


@dataclass(frozen=True)
class Order:
    """What a helper process has to know.

    Attributes:
        place: Path of the journal file, or URL of the database.
        study: Name of the study.
        folders: Of the recordings.
        names: What is fitted.
        previous: What was known before.
        previous_state_delay_s: And of the age of joint states [s].
        seed: Of the study.
        threads: Of the helper.
    """

    place: str
    study: str
    folders: tuple[Path, ...]
    names: tuple[str, ...]
    previous: PhysicsParameters
    previous_state_delay_s: float
    seed: int
    threads: int


@contextlib.contextmanager
def with_helpers(order: Order, helpers: int) -> Iterator[None]:
    """Have some helpers on this machine while the block runs; they end with this process."""
    context = multiprocessing.get_context("spawn")  # forks of threads, MuJoCo's too, may hang
    processes = [context.Process(target=_help, args=(order,), daemon=True) for _ in range(helpers)]
    try:
        for process in processes:
            process.start()
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _help(order: Order) -> None:
    """What a helper process does."""
    case = make_case(
        [read_recording(folder) for folder in order.folders],
        order.previous.hand_rig,
        names=order.names,
        previous=order.previous,
        previous_state_delay_s=order.previous_state_delay_s,
        seed=order.seed,
        threads=order.threads,
    )
    leader = multiprocessing.parent_process()
    ledger = Ledger(order.place, order.study, case.free.names)
    help_out(ledger, case, lambda _: leader is None or leader.is_alive())
