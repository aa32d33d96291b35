"""Processes that work for this one and end with it, however it ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection


@contextlib.contextmanager
def open_processes(
    n: int, set_up: Callable[..., None] | None = None, *arguments: object
) -> Iterator[ProcessPoolExecutor]:
    """Have processes while the block runs; when it fails, or this process is killed, they die.

    Args:
        n: how many.
        set_up: is called first in each of them; a function of a module.
        arguments: what it is called with.
    """
    context = multiprocessing.get_context("spawn")  # forks of threads, MuJoCo's too, may hang
    lifeline, held = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(n, context, _begin, (lifeline, set_up, arguments))
    try:
        yield pool
    except BaseException:
        held.close()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        held.close()
        lifeline.close()


def _begin(
    lifeline: Connection, set_up: Callable[..., None] | None, arguments: tuple[object, ...]
) -> None:
    threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()
    if set_up is not None:
        set_up(*arguments)


def _die_with(lifeline: Connection) -> None:
    """The kernel lets go of the other end even for a process that is killed."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)
