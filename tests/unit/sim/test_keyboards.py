"""Keyboards: the published ones exactly, others by their rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from sim import Rig, RigError, build_model, key_name, load_rig
from sim.keyboards import KEYBOARDS, Keyboard, load_keyboard

TABLES: dict[str, Any] = json.loads(
    (Path(sim.__file__).parent / "data" / "keyboards.json").read_text()
)
WHITE_CLASSES = (0, 2, 4, 5, 7, 9, 11)
every_keyboard = pytest.mark.parametrize("name", KEYBOARDS)


@every_keyboard
def test_published_keyboards_are_exact(name: str) -> None:
    keyboard, table = load_keyboard(name), TABLES[name]
    assert keyboard.n_keys == table["n_keys"]
    assert keyboard.lowest_pitch == table["lowest_midi_note"]
    assert keyboard.highest_pitch == table["lowest_midi_note"] + table["n_keys"] - 1
    assert keyboard.center_y.tolist() == table["key_center_y"]
    assert np.flatnonzero(keyboard.black).tolist() == table["black_indices"]
    for color, shape in (("white", keyboard.white_shape), ("black", keyboard.black_shape)):
        record = table[color]
        assert shape.max_angle_rad == record["max_angle_rad"]
        assert shape.top_z == pytest.approx(shape.body_z + shape.size[2] / 2)
        travel_m = shape.size[0] * np.tan(shape.max_angle_rad)
        assert travel_m == pytest.approx(record["travel_at_tip"], abs=1e-8)


@every_keyboard
def test_the_model_has_the_keys_where_the_table_says(name: str) -> None:
    table = TABLES[name]
    rig = load_rig("leap_rail_49").model_dump(by_alias=True)
    model = build_model(Rig.model_validate(rig | {"keys": rig["keys"] | {"model": name}}))
    data = mujoco.MjData(model.mj)
    mujoco.mj_kinematics(model.mj, data)
    for key in range(table["n_keys"]):
        record = table["black" if key in table["black_indices"] else "white"]
        geom, joint = model.mj.geom(key_name(key)), model.mj.joint(key_name(key))
        size = [record["length_x"] / 2, record["width_y"] / 2, record["height_z"] / 2]
        center = [record["body_x"], table["key_center_y"][key], record["body_z"]]
        np.testing.assert_allclose(geom.size, size, rtol=0, atol=1e-12)
        np.testing.assert_allclose(data.geom(key_name(key)).xpos, center, rtol=0, atol=1e-12)
        top = data.geom(key_name(key)).xpos[2] + geom.size[2]
        assert top == pytest.approx(record["top_z"], abs=1e-12)
        np.testing.assert_allclose(joint.range, [0, record["max_angle_rad"]])
        assert data.joint(key_name(key)).xanchor[0] == pytest.approx(record["hinge_world_x"])
        assert model.mj.body(key_name(key)).mass[0] == pytest.approx(record["mass"])


@st.composite
def keyboards(draw: st.DrawFn) -> tuple[str, Keyboard]:
    """Any keyboard made by rule."""
    name, n_keys = draw(st.sampled_from(KEYBOARDS)), draw(st.integers(25, 88))
    pitches = [pitch for pitch in range(129 - n_keys) if pitch % 12 in WHITE_CLASSES]
    return name, load_keyboard(name, n_keys, draw(st.sampled_from(pitches)))


@settings(max_examples=60, deadline=None)
@given(keyboards())
def test_other_sizes_follow_the_rule(made: tuple[str, Keyboard]) -> None:
    name, keyboard = made
    pitches = keyboard.lowest_pitch + np.arange(keyboard.n_keys)
    assert keyboard.highest_pitch == pitches[-1] <= 127
    np.testing.assert_array_equal(keyboard.black, ~np.isin(pitches % 12, WHITE_CLASSES))
    assert (np.diff(keyboard.center_y) > 0.009).all()
    white_y = keyboard.center_y[~keyboard.black]
    pitch = TABLES[name]["white_pitch"]
    np.testing.assert_allclose(np.diff(white_y), pitch, atol=1e-7)  # places are of 0.1 um
    np.testing.assert_allclose(white_y, -white_y[::-1], atol=1e-7)  # centred on the origin
    if (name, keyboard.n_keys, keyboard.lowest_pitch) == ("robopianist_88", 88, 21):
        return  # its lone A sharp is 0.5 mm off its own rule
    for key in np.flatnonzero(keyboard.black[:-1]):
        gap = (keyboard.center_y[key - 1] + keyboard.center_y[key + 1]) / 2
        right_of_gap = keyboard.center_y[key] - gap
        assert right_of_gap == pytest.approx(TABLES[name]["white_spacing"] / 2, abs=1e-6)


@every_keyboard
def test_the_rule_reproduces_the_published_keyboards(name: str) -> None:
    table = TABLES[name]
    n_keys, lowest = table["n_keys"], table["lowest_midi_note"]
    # The same keys without the lowest octave are no published keyboard: they follow the rule.
    by_rule = load_keyboard(name, n_keys - 12, lowest + 12).center_y
    published = np.array(table["key_center_y"])[12:]
    whites = ~load_keyboard(name).black[12:]
    shift = published[whites].mean() - by_rule[whites].mean()
    np.testing.assert_allclose(by_rule + shift, published, rtol=0, atol=1e-7)


def test_travel_is_that_of_the_colour() -> None:
    keyboard = load_keyboard("lab_keystation_49")
    for key in range(keyboard.n_keys):
        assert keyboard.travel_rad[key] == keyboard.shape(key).max_angle_rad
    assert len(set(keyboard.travel_rad)) == 2


def test_a_shared_keyboard_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        load_keyboard("lab_keystation_49").center_y[0] = 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("grand",), "unknown keyboard 'grand'; the library has robopianist_88"),
        (("lab_keystation_49", 24), "keyboard of 24 keys: choose 25 to 88"),
        (("lab_keystation_49", 0), "keyboard of 0 keys: choose 25 to 88"),
        (("lab_keystation_49", 89), "keyboard of 89 keys: choose 25 to 88"),
        (("lab_keystation_49", 49, 37), "lowest_pitch 37: choose a white key from 0 to 79"),
        (("lab_keystation_49", 88, 41), "lowest_pitch 41: choose a white key from 0 to 40"),
        (("lab_keystation_49", 49, -1), "lowest_pitch -1: choose a white key"),
    ],
)
def test_impossible_keyboards_are_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(RigError, match=message):
        load_keyboard(*arguments)
