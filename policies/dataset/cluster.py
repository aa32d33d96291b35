"""A Ray cluster that plays batches of rollouts."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Any

from policies.dataset.rollouts import Order, Rollout, play
from policies.errors import DatasetError
from score import DaCapoError

ADDRESS = "RAY_ADDRESS"

ANSWER_S = 5.0
"""How long a cluster may take to accept a connection."""

KEPT = "what is finished is kept"


@contextlib.contextmanager
def open_cluster() -> Iterator[Cluster]:
    """Be connected to the cluster at ``RAY_ADDRESS`` while the block runs.

    Raises:
        DatasetError: the cluster cannot be reached, or Ray is not installed.
    """
    address = os.environ[ADDRESS]
    if ":" not in address:  # "auto" and the like: Ray finds out, and cannot be asked beforehand
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "3")  # its 20 take a quarter of an hour
    try:
        import ray  # heavy, and only needed here  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise DatasetError(
            f"{ADDRESS} is set, but {error}: run .venv/bin/python -m pip install -e '.[cluster]'"
        ) from error
    _require_answer(address)
    try:
        ray.init(log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise DatasetError(
            f"no Ray cluster at {address} that lets us in: start it first; one that was started "
            "with a token wants RAY_AUTH_MODE=token"
        ) from error
    try:
        yield Cluster(ray, address)
    finally:
        ray.shutdown()


class Cluster:
    """All cores of a Ray cluster.

    Args:
        ray: the module, connected.
        address: as it was given.
    """

    def __init__(self, ray: Any, address: str) -> None:  # noqa: ANN401  # Ray is optional
        self._ray = ray
        if ":" not in address:  # "auto" and the like
            address = ray.get_runtime_context().gcs_address
        self._address = address
        self._play = ray.remote(max_retries=3)(play)
        self.size = int(ray.cluster_resources().get("CPU", 1))

    def submit(self, order: Order, batch: int) -> Any:  # noqa: ANN401  # Ray's
        """Ask for a batch; returns what ``result`` takes."""
        return self._play.remote(order, batch)

    def result(self, reference: Any) -> dict[int, Rollout]:  # noqa: ANN401  # Ray's
        """Wait for a batch.

        Raises:
            DatasetError: the cluster does not answer any more.
        """
        while True:
            try:
                batch: dict[int, Rollout] = self._ray.get(reference, timeout=ANSWER_S)
            except self._ray.exceptions.GetTimeoutError:
                _require_answer(self._address)  # Ray would end this process without a word
            else:
                return batch

    def cancel(self, reference: object) -> None:
        """Nothing: a cluster that went away would not answer."""

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Have Ray's errors as ours while the block runs.

        Raises:
            DatasetError: the cluster went away, or one of its machines failed.
            DaCapoError: as the player raised it.
        """
        errors = self._ray.exceptions
        try:
            yield
        except errors.RayTaskError as error:
            if isinstance(error.cause, DaCapoError):
                raise error.cause from error
            reason = str(error.cause).strip().partition("\n")[0]
            raise DatasetError(
                f"a machine of the Ray cluster failed: {reason}: has it this version of Da Capo "
                f"with the extra [cluster]? {KEPT.capitalize()}, build again"
            ) from error
        except (errors.RayError, ConnectionError) as error:
            raise DatasetError(
                f"the Ray cluster went away: {KEPT}, start it and build again"
            ) from error


def _require_answer(address: str) -> None:
    """Ray itself asks for minutes before it gives up."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():  # "auto" and the like: Ray finds out
        return
    try:
        socket.create_connection((host, int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise DatasetError(f"no Ray cluster at {address}: start it; {KEPT}, build again") from error
