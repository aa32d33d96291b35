"""`dacapo bench sim`: two hands, and a peer that cannot be run."""

from __future__ import annotations

import sys

import pytest

from dacapo import bench_peer
from score.errors import DaCapoError


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_peer, "STEPS", 20)


def test_two_hands_alone() -> None:
    told = bench_peer.measure_pair(None, repeats=2)
    assert set(told) == {"single_steps_per_s", "single_range"}
    assert 0 < told["single_range"][0] <= told["single_steps_per_s"] <= told["single_range"][1]


@pytest.mark.parametrize(
    ("python", "complaint"), [("/nowhere", "cannot run /nowhere"), (sys.executable, "docs/two_han")]
)
def test_a_peer_that_is_not_there(python: str, complaint: str) -> None:
    with pytest.raises(DaCapoError, match=complaint):
        bench_peer.measure_pair(python, repeats=1)
