"""Hands: what MuJoCo makes of the tables equals the tables."""

from __future__ import annotations

from functools import cache

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import RigError
from sim.hands import add_hand, load_hand
from tests.unit.sim.hand_tables import poses_by_hand, table

HANDS = [
    ("leap_right", None),
    ("allegro_right", None),
    ("allegro_right", "human_fingertips"),
    ("shadow_right", None),
]
every_hand = pytest.mark.parametrize(("name", "variant"), HANDS)


def compiled(
    name: str, variant: str | None, parked: dict[str, float], visuals: bool = False
) -> tuple[mujoco.MjModel, mujoco.MjData]:
    hand = load_hand(name, variant)
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    actuated = tuple(joint for joint in hand.joints if joint not in parked)
    add_hand(spec.worldbody, hand, actuated, parked, visuals)
    model = spec.compile()
    return model, mujoco.MjData(model)


@cache
def free_hand(name: str, variant: str | None) -> tuple[mujoco.MjModel, mujoco.MjData]:
    return compiled(name, variant, {})


def angles_at(name: str, seed: int) -> dict[str, float]:
    """Joint angles anywhere in their ranges."""
    rng = np.random.default_rng(seed)
    return {joint["name"]: rng.uniform(*joint["range"]) for joint in table(name)["joints"]}


@every_hand
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_forward_kinematics_equal_the_table(name: str, variant: str | None, seed: int) -> None:
    model, data = free_hand(name, variant)
    angles = angles_at(name, seed)
    for joint, angle in angles.items():
        data.qpos[model.joint(joint).qposadr[0]] = angle
    mujoco.mj_kinematics(model, data)
    expected = poses_by_hand(name, angles)
    for body, (turn, place) in expected.items():
        np.testing.assert_allclose(data.body(body).xpos, place, rtol=0, atol=1e-6)
        np.testing.assert_allclose(data.body(body).xmat.reshape(3, 3), turn, rtol=0, atol=1e-6)
    for tip in load_hand(name, variant).tips:
        found = data.body(tip.body).xpos + data.body(tip.body).xmat.reshape(3, 3) @ tip.center
        turn, place = expected[tip.body]
        np.testing.assert_allclose(found, place + turn @ tip.center, rtol=0, atol=1e-6)


@every_hand
def test_every_joint_of_the_table_is_there_with_its_range(name: str, variant: str | None) -> None:
    model, _ = free_hand(name, variant)
    assert model.njnt == len(table(name)["joints"])
    for joint in table(name)["joints"]:
        np.testing.assert_array_equal(model.joint(joint["name"]).range, joint["range"])
        assert load_hand(name, variant).joint_range(joint["name"]) == tuple(joint["range"])


@every_hand
def test_total_mass(name: str, variant: str | None) -> None:
    content = table(name)
    masses = {body["name"]: body["mass"] for body in content["bodies"]}
    if variant:
        changes = content["variants"][variant]["bodies"]
        masses |= {body: change["mass"] for body, change in changes.items()}
    else:
        assert sum(masses.values()) == pytest.approx(content["summary"]["total_mass_kg"], abs=1e-4)
    assert free_hand(name, variant)[0].body_mass.sum() == pytest.approx(sum(masses.values()))


@every_hand
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_parked_joint_is_held_at_its_angle(name: str, variant: str | None, seed: int) -> None:
    angles = angles_at(name, seed)
    parked = dict(list(angles.items())[::2])
    model, data = free_hand(name, variant)
    welded, welded_data = compiled(name, variant, parked)
    assert welded.njnt == model.njnt - len(parked)
    for joint, angle in angles.items():
        data.qpos[model.joint(joint).qposadr[0]] = angle
        if joint not in parked:
            welded_data.qpos[welded.joint(joint).qposadr[0]] = angle
    mujoco.mj_kinematics(model, data)
    mujoco.mj_kinematics(welded, welded_data)
    np.testing.assert_allclose(welded_data.xpos, data.xpos, rtol=0, atol=1e-12)


@every_hand
def test_shapes_are_seen_but_touch_nothing(name: str, variant: str | None) -> None:
    model, _ = compiled(name, variant, {}, visuals=True)
    assert model.ngeom > 10
    assert not model.geom_contype.any()
    assert not model.geom_conaffinity.any()
    assert free_hand(name, variant)[0].ngeom == 0
    assert model.body_mass.sum() == free_hand(name, variant)[0].body_mass.sum()


def test_unknown_hands_and_variants_are_told_what_there_is() -> None:
    with pytest.raises(RigError, match="unknown hand 'leap'; the library has leap_right"):
        load_hand("leap")
    with pytest.raises(RigError, match="no variant 'claws'; it has human_fingertips"):
        load_hand("allegro_right", "claws")
    with pytest.raises(RigError, match="no variant 'claws'; it has none"):
        load_hand("leap_right", "claws")
