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
    told = bench_peer.measure_pair(None, repeats=2, threads=2)
    assert {name for name in told if "peer" in name or "ratio" in name} == set()
    for name in ("single", "batched"):
        low, high = told[f"{name}_range"]
        assert 0 < low <= told[f"{name}_steps_per_s"] <= high


@pytest.mark.parametrize(
    ("python", "complaint"), [("/nowhere", "cannot run /nowhere"), (sys.executable, "docs/two_han")]
)
def test_a_peer_that_is_not_there(python: str, complaint: str) -> None:
    with pytest.raises(DaCapoError, match=complaint):
        bench_peer.measure_pair(python, repeats=1, threads=1)
