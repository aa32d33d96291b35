"""Controllers that interpolate: the ramp itself, and a rig file that declares one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

import sim
from score import load_song, make_goals
from sim import BatchedEnvironment, Rig, SimError, Simulator, build_model, load_rig
from sim.ramps import Ramp

FILE = Path(sim.__file__).parent / "rigs" / "allegro_slide_49.yaml"


def rig_with_ramp(ramp_s: float) -> Rig:
    content = yaml.safe_load(FILE.read_text())
    content["driver"]["controllers"][1]["ramp_s"] = ramp_s  # the slide's
    return Rig.model_validate(content)


def test_a_ramp_gets_there_in_equal_steps_and_stays() -> None:
    ramp = Ramp(np.zeros(2), np.array([4, 1]))
    target = np.array([1.0, 1.0])
    told = np.array([ramp(target) for _ in range(6)])
    assert told[:, 0] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])
    assert (told[:, 1] == 1.0).all()


def test_a_new_target_starts_from_where_the_ramp_is() -> None:
    ramp = Ramp(np.zeros(1), np.array([4]))
    ramp(np.array([1.0]))
    ramp(np.array([1.0]))
    told = [float(ramp(np.array([0.0]))[0]) for _ in range(4)]
    assert told == pytest.approx([0.375, 0.25, 0.125, 0.0])


def test_a_declared_ramp_delays_the_slide_and_nothing_else() -> None:
    plain, ramped = (Simulator(build_model(rig_with_ramp(s))) for s in (0.0, 0.05))
    target = np.full(13, 0.1)
    for simulator in (plain, ramped):
        simulator.advance(target)
    assert ramped.joint_positions[0] < 0.8 * plain.joint_positions[0]
    assert ramped.joint_positions[1:] == pytest.approx(plain.joint_positions[1:], abs=1e-3)
    for simulator in (plain, ramped):
        for _ in range(20):
            simulator.advance(target)
    assert ramped.joint_positions == pytest.approx(plain.joint_positions, abs=1e-3)


def test_without_a_ramp_nothing_changes() -> None:
    shipped, none = Simulator(build_model(load_rig("allegro_slide_49"))), rig_with_ramp(0.0)
    other = Simulator(build_model(none.model_copy(update={"driver": None})))
    for simulator in (shipped, other):
        for step in range(10):
            simulator.advance(np.full(13, 0.02 * step))
    assert np.array_equal(shipped.data.qpos, other.data.qpos)


def test_training_refuses_a_rig_with_a_ramp() -> None:
    model = build_model(rig_with_ramp(0.05))
    keyboard = model.rig.keyboard
    goals = make_goals(load_song("ode_to_joy"), keyboard.lowest_pitch, keyboard.n_keys)
    with pytest.raises(SimError, match="controllers that interpolate"):
        BatchedEnvironment(model, goals, 2, np.zeros(13))
