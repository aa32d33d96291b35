"""Physics parameters: applied in place as if compiled, bounded, checked, read with care."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from score import KeyEvent
from sim import (
    RAIL,
    ParameterError,
    PhysicsParameters,
    RigModel,
    Simulator,
    build_model,
    build_spec,
    key_name,
    load_rig,
    parameter_table,
    read_fitted,
    read_parameters,
    write_parameters,
)
from sim.model import index_model
from tests.unit.playing import RIGS, nominal_model, song_plan

every_rig = pytest.mark.parametrize("rig", RIGS)
STEPS = 32  # the first notes of a song
# How far towards its bound a parameter moves before it must show: a key may go sideways under a
# finger without anyone noticing, and events are timed to 5 ms.
SHARES = {"keyboard_y_m": 0.9, "key_trigger_fraction": 0.35}


def arrays(model: RigModel) -> dict[str, NDArray[Any]]:
    """Every numeric field of a compiled model."""
    fields = {name: getattr(model.mj, name) for name in dir(model.mj) if not name.startswith("_")}
    return {
        name: np.array(value)
        for name, value in fields.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    }


def trace(model: RigModel) -> tuple[NDArray[np.float64], list[KeyEvent]]:
    """States and key events when the planned Ode to Joy begins."""
    plan = song_plan(model.rig.name, "ode_to_joy")
    simulator = Simulator(model)
    simulator.reset(plan.start)
    states, events = [], []
    for targets in plan.targets[:STEPS]:
        events += simulator.advance(targets)
        states.append(np.r_[simulator.data.qpos, simulator.data.qvel])
    return np.array(states), events


@every_rig
def test_nominal_values_change_nothing(rig: str) -> None:
    model = build_model(load_rig(rig))
    before = arrays(model)
    assert len(before) > 100
    applied = PhysicsParameters.nominal(model.rig).apply(model)
    for name, value in arrays(applied).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    np.testing.assert_array_equal(applied.key_trigger, model.key_trigger)
    np.testing.assert_array_equal(applied.key_release, model.key_release)
    assert not applied.joint_offset.any()
    assert applied.command_delay_s == 0.0


@every_rig
def test_the_table_is_sound(rig: str) -> None:
    table = parameter_table(load_rig(rig))
    assert len({entry.name for entry in table}) == len(table)
    for entry in table:
        assert entry.low <= entry.nominal <= entry.high, entry.name
        assert entry.low < entry.high, entry.name
        assert entry.unit


@every_rig
@pytest.mark.parametrize("bound", ["low", "high"])
def test_no_entry_of_the_table_is_dead(rig: str, bound: str) -> None:
    """Each changes what happens, whichever way it moves from its nominal value."""
    description = load_rig(rig)
    nominal = PhysicsParameters.nominal(description)
    model = build_model(description)  # apply sets everything, so one model serves all
    states, events = trace(nominal.apply(model))
    for entry in parameter_table(description):
        if bound == "low" and entry.field == "encoder":
            continue  # offsets are symmetric: once is enough
        way = getattr(entry, bound) - entry.nominal
        moved = entry.nominal + SHARES.get(entry.name, 0.15) * way
        if abs(moved - entry.nominal) > 1e-12:
            after, after_events = trace(nominal.with_values(**{entry.name: moved}).apply(model))
            assert np.isfinite(after).all(), entry.name
            assert not np.array_equal(states, after) or events != after_events, entry.name
    np.testing.assert_array_equal(trace(nominal.apply(model))[0], states)


def drawn(rig: str, seed: int) -> PhysicsParameters:
    """Values anywhere within the bounds."""
    rng = np.random.default_rng(seed)
    description = load_rig(rig)
    values = {e.name: rng.uniform(e.low, e.high) for e in parameter_table(description)}
    return PhysicsParameters.nominal(description).with_values(**values)


@every_rig
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_within_bounds_everything_stays_finite(rig: str, seed: int) -> None:
    parameters = drawn(rig, seed)
    playable = {"key_trigger_fraction": 0.6, "key_release_fraction": 0.5}
    nominal = PhysicsParameters.nominal(parameters.rig).values
    for name in ("key_stiffness_nm_per_rad", "key_damping_nms_per_rad"):
        playable[name] = nominal[name]
    try:
        model = parameters.apply(build_model(parameters.hand_rig))
    except ParameterError:
        model = parameters.with_values(**playable).apply(build_model(parameters.hand_rig))
    states, _ = trace(model)
    assert np.isfinite(states).all()
    assert np.abs(states).max() < 1e3


def recompiled(parameters: PhysicsParameters) -> RigModel:
    """The same rig compiled with the numbers of ``parameters`` in its description."""
    rig, value = parameters.hand_rig, parameters.values
    spec = build_spec(rig)
    for name in rig.joint_names:
        joint, actuator = spec.joint(name), spec.actuator(name)
        if name == RAIL:
            damping, joint.frictionloss = value["rail_damping_ns_per_m"], value["rail_friction_n"]
            kp, kv = value["rail_stiffness_n_per_m"], value["rail_gain_damping_ns_per_m"]
        else:
            damping = value["finger_damping_nms_per_rad"]
            joint.frictionloss = value["finger_frictionloss_nm"]
            joint.armature = value["finger_armature_kgm2"]
            kp = value["finger_stiffness_nm_per_rad"]
            kv = value["finger_gain_damping_nms_per_rad"]
        joint.damping = np.array([damping, 0.0, 0.0])
        actuator.set_to_position(kp=kp, kv=kv)
    yaw = value["keyboard_yaw_rad"]
    c, s = math.cos(yaw), math.sin(yaw)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    for name in (key_name(key) for key in range(rig.keyboard.n_keys)):
        body, joint, geom = spec.body(name), spec.joint(name), spec.geom(name)
        joint.stiffness = np.array([value["key_stiffness_nm_per_rad"], 0.0, 0.0])
        joint.damping = np.array([value["key_damping_nms_per_rad"], 0.0, 0.0])
        joint.frictionloss = value["key_friction_nm"]
        geom.friction[0] = value["tip_sliding_friction"]
        geom.solref[0] = value["contact_time_constant_s"]
        body.pos = turn @ body.pos + [value[f"keyboard_{axis}_m"] for axis in "xyz"]
        body.quat = [math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)]
    return index_model(spec.compile(), rig)


@every_rig
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_applied_in_place_equals_recompiled(rig: str, seed: int) -> None:
    rough = drawn(rig, seed)
    keys = {"key_trigger_fraction": 0.6, "key_release_fraction": 0.5}
    keys |= {"key_stiffness_nm_per_rad": 1.2, "key_damping_nms_per_rad": 0.06}
    parameters = rough.with_values(**keys)
    model = build_model(parameters.hand_rig)
    nominal = arrays(model)
    applied, expected = arrays(parameters.apply(model)), arrays(recompiled(parameters))
    for name, value in expected.items():
        np.testing.assert_allclose(applied[name], value, rtol=1e-9, atol=1e-12, err_msg=name)
    for name in ("body_pos", "dof_armature", "dof_damping", "jnt_stiffness", "dof_invweight0"):
        assert not np.array_equal(applied[name], nominal[name])


@every_rig
def test_what_is_not_in_mujoco_goes_to_the_simulator(rig: str) -> None:
    description = load_rig(rig)
    joint = description.joint_names[3]
    applied = (
        PhysicsParameters.nominal(description)
        .with_values(command_delay_s=0.03, key_trigger_fraction=0.7, key_release_fraction=0.3)
        .with_values(**{f"joint_offset:{joint}": 0.02, "joint_offset:rail": -0.001})
        .apply(build_model(description))
    )
    assert applied.command_delay_s == 0.03
    assert set(applied.key_trigger) == {0.7}
    assert set(applied.key_release) == {0.3}
    assert np.flatnonzero(applied.joint_offset).tolist() == [0, 3]
    assert applied.joint_offset[[0, 3]].tolist() == [-0.001, 0.02]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"key_stiffness_nm_per_rad": 0.3}, "key 0 does not pass its release point within 80 ms"),
        (
            {
                "key_stiffness_nm_per_rad": 0.36,
                "key_damping_nms_per_rad": 0.015,
                "key_release_fraction": 0.45,
            },
            "key 0 rests at . % of its travel",
        ),
        (
            {"key_release_fraction": 0.5},
            "key_release_fraction must be below key_trigger_fraction",
        ),
    ],
)
def test_an_unplayable_keyboard_is_refused(values: dict[str, float], message: str) -> None:
    model = build_model(load_rig("leap_rail_49"))
    with pytest.raises(ParameterError, match=message.replace(" %", "%")):
        PhysicsParameters.nominal(model.rig).with_values(**values).apply(model)


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 1e9])
def test_values_out_of_bounds_are_refused(value: float) -> None:
    nominal = PhysicsParameters.nominal(load_rig("leap_rail_49"))
    with pytest.raises(ParameterError, match=r"finger_armature_kgm2 = .* choose from 0\.00028 to"):
        nominal.with_values(finger_armature_kgm2=value)


def test_an_unknown_name_is_told_its_neighbours() -> None:
    nominal = PhysicsParameters.nominal(load_rig("leap_rail_49"))
    with pytest.raises(ParameterError, match=r"'key_stiffness'; near: .*key_stiffness_nm_per_rad"):
        nominal.with_values(key_stiffness=1.0)


@every_rig
def test_files_keep_every_digit(rig: str, tmp_path: Path) -> None:
    parameters = drawn(rig, 3)
    path = tmp_path / "fitted.yaml"
    write_parameters(
        parameters, path, intervals={"keyboard_z_m": (-0.001, 0.002)}, provenance={"trials": 300}
    )
    assert read_parameters(path, load_rig(rig)) == parameters
    fitted = read_fitted(path, load_rig(rig))
    assert fitted.parameters == parameters
    assert fitted.intervals == {"keyboard_z_m": (-0.001, 0.002)}
    assert fitted.provenance == {"trials": 300}
    content = yaml.safe_load(path.read_text())
    assert content["schema"] == 1
    assert content["intervals"] == {"keyboard_z_m": [-0.001, 0.002]}
    assert content["provenance"] == {"trials": 300}
    assert list(tmp_path.iterdir()) == [path]  # nothing temporary stays


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    nominal = PhysicsParameters.nominal(load_rig("leap_rail_49"))
    with pytest.raises(ParameterError, match="interval of keyboard_z_m, 0 to 1 m"):
        write_parameters(nominal, tmp_path / "fitted.yaml", {"keyboard_z_m": (0.0, 1.0)})
    assert list(tmp_path.iterdir()) == []


def test_values_left_out_are_nominal(tmp_path: Path) -> None:
    rig = load_rig("leap_rail_49")
    path = tmp_path / "some.yaml"
    path.write_text("schema: 1\nrig: leap_rail_49\nvalues: {keyboard_z_m: -0.002}\n")
    expected = PhysicsParameters.nominal(rig).with_values(keyboard_z_m=-0.002)
    assert read_parameters(path, rig) == expected


HEAD = "schema: 1\nrig: leap_rail_49\n"
INTERVAL = HEAD + "values: {}\nintervals: {%s}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("schema: 1\nrig: allegro_slide_49\nvalues: {}\n", "made for rig 'allegro_slide_49'"),
        ("schema: 2\nrig: leap_rail_49\nvalues: {}\n", "schema: "),
        (HEAD, "values: Field required"),
        (HEAD + "values: {}\nmood: good\n", "mood: Extra inputs"),
        (HEAD + "values: {key_stifness: 1}\n", "unknown physics parameter 'key_stifness'; near"),
        (HEAD + "values: {keyboard_z_m: 1}\n", "keyboard_z_m = 1.0 m: choose from"),
        (HEAD + "values: {keyboard_z_m: .nan}\n", "keyboard_z_m = nan m: choose from"),
        (HEAD + "values: {keyboard_z_m: low}\n", "values.keyboard_z_m: "),
        (INTERVAL % "keyboard_q_m: [0, 0]", "interval of unknown physics parameter 'keyboard_q_m'"),
        (INTERVAL % "keyboard_z_m: [0.002, 0.001]", "interval of keyboard_z_m, 0.002 to 0.001 m"),
        (INTERVAL % "keyboard_z_m: [-1, 0.001]", "lie between -0.01 and 0.01"),
        (INTERVAL % "keyboard_z_m: [.nan, 0.001]", "interval of keyboard_z_m, nan"),
        (INTERVAL % "keyboard_z_m: [0.001]", "intervals.keyboard_z_m"),
        ("!!python/object/apply:os.system ['echo']", "not a YAML file"),
        ("!!python/name:os.system", "not a YAML file"),
        (HEAD + "values: !!python/object/new:dict {}\n", "not a YAML file"),
        ("{", "not a YAML file"),
        ("", "valid dictionary"),
    ],
)
def test_bad_files_are_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(ParameterError) as caught:
        read_parameters(path, load_rig("leap_rail_49"))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"none\.yaml: cannot be read \(No such file"):
        read_parameters(tmp_path / "none.yaml", load_rig("leap_rail_49"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parameters") / "fuzzed.yaml"


tails = st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode())


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(head=st.sampled_from([b"", HEAD.encode(), HEAD.encode() + b"values: "]), tail=tails)
def test_only_its_own_error_comes_out_of_the_reader(head: bytes, tail: bytes, file: Path) -> None:
    rig = nominal_model("leap_rail_49").rig
    file.write_bytes(head + tail)
    try:
        found = read_parameters(file, rig)
    except ParameterError as error:
        message = str(error)
    else:
        message = f"{file}: "
        assert found == PhysicsParameters.nominal(rig).with_values(**found.values)
    assert message.startswith(f"{file}: ")
    assert len(message.splitlines()) == 1
