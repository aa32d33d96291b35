"""Randomised physics: every parameter varies, within its range, and the models can be used."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from sim import ParameterError, PhysicsParameters, Randomisation, load_rig, parameter_table
from sim.randomisation import DEFAULT_FACTORS, DEFAULT_SHIFTS
from tests.unit.playing import RIGS

DRAWS = 400

every_rig = pytest.mark.parametrize("rig", RIGS)


def nominal(rig: str) -> PhysicsParameters:
    return PhysicsParameters.nominal(load_rig(rig))


def draws(randomisation: Randomisation, seed: int = 0) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    drawn = [randomisation.draw(rng).values for _ in range(DRAWS)]
    return {name: [values[name] for values in drawn] for name in drawn[0]}


@every_rig
@pytest.mark.parametrize("width", [1.0, 0.5])
def test_every_parameter_varies_over_its_documented_range(rig: str, width: float) -> None:
    center = nominal(rig)
    drawn = draws(Randomisation.around(center, width))
    for entry in parameter_table(center.rig):
        value, values = entry.nominal, drawn[entry.name]
        if entry.name in DEFAULT_FACTORS:
            factor = DEFAULT_FACTORS[entry.name] ** width
            low, high = value / factor, value * factor
        else:
            kind = entry.name.split(":")[0]
            shift = width * DEFAULT_SHIFTS.get(entry.name, DEFAULT_SHIFTS.get(kind, 0.0))
            low, high = value - shift, value + shift
        low, high = max(low, entry.low), min(high, entry.high)
        assert high > low, f"{entry.name} does not vary"
        assert low <= min(values) < low + 0.05 * (high - low), entry.name
        assert high - 0.05 * (high - low) < max(values) <= high, entry.name


@every_rig
def test_every_parameter_changes_the_model(rig: str) -> None:
    center = nominal(rig)
    randomisation = Randomisation.around(center)
    models = randomisation.draw_models(3, np.random.default_rng(0))
    for field in (
        "dof_frictionloss",
        "dof_damping",
        "dof_armature",
        "actuator_gainprm",
        "actuator_biasprm",
        "jnt_stiffness",
        "geom_friction",
        "geom_solref",
        "body_pos",
        "body_quat",
    ):
        first, second = (getattr(model.mj, field) for model in models[:2])
        assert (first != second).any(), field
        assert all(np.isfinite(getattr(model.mj, field)).all() for model in models), field
    assert len({model.command_delay_s for model in models}) == 3
    assert (np.ptp([model.joint_offset for model in models], axis=0) > 0).all()
    for name in ("key_trigger", "key_release"):
        assert np.ptp([getattr(model, name)[0] for model in models]) > 0, name
    fields = {entry.field for entry in parameter_table(center.rig)}
    assert fields - {"command", "encoder", "trigger"} <= set(dir(models[0].mj))


@every_rig
def test_drawn_models_move_without_trouble(rig: str) -> None:
    for model in Randomisation.around(nominal(rig)).draw_models(6, np.random.default_rng(1)):
        data = mujoco.MjData(model.mj)
        mujoco.mj_step(model.mj, data, nstep=100)
        assert np.isfinite(data.qpos).all()
        assert np.isfinite(data.qvel).all()
        assert data.warning.number.sum() == 0


def test_the_generator_decides_everything() -> None:
    randomisation = Randomisation.around(nominal(RIGS[0]))
    assert draws(randomisation, 1) == draws(randomisation, 1) != draws(randomisation, 2)


def test_intervals_of_a_calibration() -> None:
    center, interval = nominal(RIGS[0]), (0.012, 0.018)
    drawn = draws(Randomisation.within(center, {"command_delay_s": interval}))
    assert interval[0] <= min(drawn["command_delay_s"]) < max(drawn["command_delay_s"])
    assert max(drawn["command_delay_s"]) <= interval[1]
    assert set(drawn["keyboard_z_m"]) == {0.0}


@pytest.mark.parametrize(
    ("intervals", "words"),
    [
        ({"command_dely_s": (0.0, 0.01)}, "command_delay_s"),
        ({"command_delay_s": (0.0, 9.0)}, "choose from"),
        ({"command_delay_s": (float("nan"), 0.01)}, "choose from"),
    ],
)
def test_intervals_that_cannot_be(intervals: dict[str, tuple[float, float]], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        Randomisation.within(nominal(RIGS[0]), intervals)


def test_only_unplayable_keys_is_an_error() -> None:
    center = nominal(RIGS[0])
    crossed = {"key_trigger_fraction": (0.3, 0.32), "key_release_fraction": (0.5, 0.52)}
    with pytest.raises(ParameterError, match="below"):
        Randomisation.within(center, crossed).draw_models(2, np.random.default_rng(0))
