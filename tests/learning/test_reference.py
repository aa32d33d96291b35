"""The plan that a learner corrects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from policies import BundleError, Plan
from policies.evaluation import evaluate
from policies.learning import reference
from policies.learning.reference import make_reference, search_budget_s
from sim import PhysicsParameters
from tests.learning.small import RIG, good_plan, three_notes
from tests.unit.playing import nominal_model

PHYSICS = PhysicsParameters.nominal(nominal_model(RIG).rig)


def made(folder: Path, budget_s: float = 10.0) -> Plan:
    search_s = search_budget_s(budget_s)
    return make_reference(three_notes(), PHYSICS, nominal_model(RIG), folder, search_s)


def f1(plan: Plan) -> float:
    return evaluate(plan, nominal_model(RIG), three_notes(), 1).frame_f1


@pytest.fixture
def damaged(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The planner's plan with fingers that go down too late for the second note."""
    press = three_notes().presses[1]
    targets = good_plan().targets.copy()
    targets[press.start : press.start + 2] = targets[press.start - 1]
    plan = replace(good_plan(), targets=targets)
    monkeypatch.setattr(reference, "make_plan", lambda *_, **__: plan)
    return plan


def test_a_good_plan_is_the_reference(tmp_path: Path) -> None:
    np.testing.assert_array_equal(made(tmp_path / "run").targets, good_plan().targets)
    assert not (tmp_path / "run").exists()


def test_a_bad_plan_is_searched_and_kept(tmp_path: Path, damaged: Plan) -> None:
    assert f1(damaged) < reference.GOOD_F1
    first = made(tmp_path)
    assert f1(first) > f1(damaged)
    written_ns = (tmp_path / "reference.npz").stat().st_mtime_ns
    again = made(tmp_path, budget_s=1000.0)
    np.testing.assert_array_equal(again.targets, first.targets)
    np.testing.assert_array_equal(again.references, first.references)
    assert (tmp_path / "reference.npz").stat().st_mtime_ns == written_ns


def test_a_damaged_reference_is_refused(tmp_path: Path, damaged: Plan) -> None:
    (tmp_path / "reference.npz").write_bytes(b"PK no bundle")
    with pytest.raises(BundleError, match=r"reference\.npz"):
        made(tmp_path)
