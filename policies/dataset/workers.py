"""Who does the playing: this process, all cores, or a Ray cluster."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, Protocol, TypeAlias

from policies.dataset.cluster import ADDRESS, KEPT, open_cluster
from policies.dataset.rollouts import Order, Rollout, play
from policies.errors import DatasetError
from policies.processes import open_processes

Batch: TypeAlias = dict[int, Rollout]

Perform: TypeAlias = Callable[[Order, Iterable[int]], Iterator[Batch]]
"""Plays batches of rollouts by number and hands them out in the order asked for."""

AHEAD = 2
"""Batches under way for each worker, so that none waits for the writer."""


class Workers(Protocol):
    """Several that play at the same time."""

    size: int

    def submit(self, order: Order, batch: int) -> Any:  # noqa: ANN401  # theirs
        """Ask for a batch; returns what the others take."""

    def result(self, asked: Any) -> Batch:  # noqa: ANN401
        """Wait for a batch."""

    def cancel(self, asked: Any) -> object:  # noqa: ANN401
        """A batch is not wanted any more."""

    def told(self) -> contextlib.AbstractContextManager[None]:
        """Have errors of the workers as `DatasetError` while a block runs."""


@contextlib.contextmanager
def open_workers(n: int) -> Iterator[Perform]:
    """Have workers while the block runs: Ray's if ``RAY_ADDRESS`` is set, else processes.

    Args:
        n: how many processes; 0 for one a core. Ray uses all cores of its cluster.

    Raises:
        DatasetError: the cluster cannot be reached, or Ray is not installed.
    """
    n = n or os.cpu_count() or 1
    if os.environ.get(ADDRESS):
        with open_cluster() as cluster:
            yield partial(_perform, cluster)
    elif n == 1:
        yield lambda order, batches: (play(order, batch) for batch in batches)
    else:
        with open_processes(n) as pool:
            yield partial(_perform, _Processes(pool, n))


class _Processes:
    def __init__(self, pool: ProcessPoolExecutor, size: int) -> None:
        self._pool = pool
        self.size = size

    def submit(self, order: Order, batch: int) -> Future[Batch]:
        return self._pool.submit(play, order, batch)

    def result(self, asked: Future[Batch]) -> Batch:
        return asked.result()

    def cancel(self, asked: Future[Batch]) -> bool:
        return asked.cancel()

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        try:
            yield
        except BrokenProcessPool as error:
            raise DatasetError(
                f"a worker was killed (out of memory?): {KEPT}, build again"
            ) from error


def _perform(workers: Workers, order: Order, batches: Iterable[int]) -> Iterator[Batch]:
    """Results in the order asked for, so many under way at a time; after an error, none."""
    under_way = deque[Any]()
    with workers.told():
        try:
            for batch in batches:
                under_way.append(workers.submit(order, batch))
                if len(under_way) >= AHEAD * workers.size:
                    yield workers.result(under_way.popleft())
            while under_way:
                yield workers.result(under_way.popleft())
        finally:
            for asked in under_way:
                workers.cancel(asked)
