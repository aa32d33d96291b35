"""One graph per ROS domain."""

import os
import subprocess
import sys

import pytest

from piano_nodes.domain import DomainLock
from piano_nodes.errors import NodeError


@pytest.fixture(autouse=True)
def _own_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", f"test-{os.getpid()}")


def test_the_second_is_told_who_has_the_domain() -> None:
    with DomainLock(), pytest.raises(NodeError, match=rf"taken by .* \(process {os.getpid()}\)"):
        DomainLock().__enter__()


def test_the_domain_is_free_again_afterwards() -> None:
    with DomainLock():
        pass
    with DomainLock():
        pass


def test_other_domains_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with DomainLock():
        monkeypatch.setenv("ROS_DOMAIN_ID", f"test-other-{os.getpid()}")
        with DomainLock():
            pass


def test_a_process_that_was_killed_lets_go() -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time\nfrom piano_nodes.domain import DomainLock\n"
            "with DomainLock():\n print('has it', flush=True)\n time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "ros2_ws/src/piano_nodes"},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"has it\n"
    with pytest.raises(NodeError):
        DomainLock().__enter__()
    holder.kill()
    holder.wait()
    with DomainLock():
        pass
