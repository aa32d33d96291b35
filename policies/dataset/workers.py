"""Who does the playing: this process, all cores, or a Ray cluster."""

from __future__ import annotations

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeAlias

from policies.dataset.rollouts import Order, Rollout, play
from policies.errors import DatasetError
from policies.processes import open_processes
from score import DaCapoError

Batch: TypeAlias = dict[int, Rollout]

Perform: TypeAlias = Callable[[Order, Iterable[int]], Iterator[Batch]]
"""Plays batches of rollouts by number and hands them out in the order asked for."""

AHEAD = 2
"""Batches under way for each worker, so that none waits for the writer."""

ADDRESS = "RAY_ADDRESS"

ANSWER_S = 5.0
"""How long a cluster may take to accept a connection."""


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
        with _ray() as perform:
            yield perform
    elif n == 1:
        yield lambda order, batches: (play(order, batch) for batch in batches)
    else:
        with _processes(n) as perform:
            yield perform


@contextlib.contextmanager
def _processes(n: int) -> Iterator[Perform]:
    with open_processes(n) as pool:

        def perform(order: Order, batches: Iterable[int]) -> Iterator[Batch]:
            try:
                yield from _in_order(
                    batches,
                    lambda batch: pool.submit(play, order, batch),
                    lambda future: future.result(),
                    lambda future: future.cancel(),
                    AHEAD * n,
                )
            except BrokenProcessPool as error:
                raise DatasetError(
                    "a worker was killed (out of memory?): what is finished is kept, build again"
                ) from error

        yield perform


@contextlib.contextmanager
def _ray() -> Iterator[Perform]:
    try:
        import ray  # heavy, and only needed here  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise DatasetError(f"{ADDRESS} is set, but {error}: pip install '.[cluster]'") from error
    _require_answer(os.environ[ADDRESS])
    try:
        ray.init(log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise DatasetError(f"no Ray cluster at {os.environ[ADDRESS]}: start it first") from error
    address = os.environ[ADDRESS]
    if ":" not in address:  # "auto" and the like
        address = ray.get_runtime_context().gcs_address
    cores = int(ray.cluster_resources().get("CPU", 1))
    remote = ray.remote(max_retries=3)(play)

    def fetch(reference: Any) -> Batch:  # noqa: ANN401  # Ray's
        while True:
            try:
                batch: Batch = ray.get(reference, timeout=ANSWER_S)
            except ray.exceptions.GetTimeoutError:
                _require_answer(address)  # Ray would end this process without a word
            else:
                return batch

    def perform(order: Order, batches: Iterable[int]) -> Iterator[Batch]:
        try:
            yield from _in_order(
                batches,
                lambda batch: remote.remote(order, batch),
                fetch,
                lambda reference: None,  # a cluster that went away would not answer
                AHEAD * cores,
            )
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, DaCapoError):
                raise error.cause from error
            reason = str(error.cause).strip().partition("\n")[0]
            raise DatasetError(
                f"a machine of the Ray cluster failed: {reason}: has it this version of Da Capo "
                "with the extra [cluster]? What is finished is kept, build again"
            ) from error
        except (ray.exceptions.RayError, ConnectionError) as error:
            raise DatasetError(
                "the Ray cluster went away: what is finished is kept, start it and build again"
            ) from error

    try:
        yield perform
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Ray itself asks for minutes before it gives up."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():  # "auto" and the like: Ray finds out
        return
    try:
        socket.create_connection((host, int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise DatasetError(
            f"no Ray cluster at {address}: start it; what is finished is kept, build again"
        ) from error


def _in_order(
    batches: Iterable[int],
    submit: Callable[[int], Any],
    result: Callable[[Any], Batch],
    cancel: Callable[[Any], object],
    most: int,
) -> Iterator[Batch]:
    """Results in the order asked for, so many under way at a time; after an error, none."""
    under_way = deque[Any]()
    try:
        for batch in batches:
            under_way.append(submit(batch))
            if len(under_way) >= most:
                yield result(under_way.popleft())
        while under_way:
            yield result(under_way.popleft())
    finally:
        for work in under_way:
            cancel(work)
