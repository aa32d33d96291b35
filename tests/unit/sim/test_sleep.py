"""Untouched keys sleep, pressed ones do not."""

import mujoco
import numpy as np

from score import Goals, Note, Score, make_goals
from sim import BatchedEnvironment, RigModel, Simulator, build_model, load_rig
from sim.model import key_name

KEY = 24
HELD, FREE = 20, 20
"""Control steps."""


def spring_that_holds(model: RigModel, held: bool) -> None:
    """Have the spring of one key hold it at 80 % of its travel, or let it go."""
    angle = 0.8 * model.key_travel_rad[KEY] if held else model.rig.keys.spring_reference_rad
    model.mj.qpos_spring[model.mj.joint(key_name(KEY)).qposadr] = angle


def asleep(model: RigModel, data: mujoco.MjData) -> bool:
    return bool(data.tree_asleep[model.mj.body_treeid[model.mj.body(key_name(KEY)).id]] >= 0)


def test_a_key_that_is_held_still_and_let_go_comes_back() -> None:
    model = build_model(load_rig("leap_rail_49"))
    simulator = Simulator(model)
    rest = np.zeros(model.n_joints)
    spring_that_holds(model, held=True)
    simulator.data.qvel[KEY] = 1.0  # to wake it
    for _ in range(HELD):
        simulator.advance(rest)
    assert simulator.keys_down[KEY]
    assert not asleep(model, simulator.data)
    spring_that_holds(model, held=False)
    for _ in range(FREE):
        simulator.advance(rest)
    assert not simulator.keys_down[KEY]
    assert simulator.key_depth[KEY] < 0.02
    assert asleep(model, simulator.data)


def test_the_same_in_a_batch() -> None:
    model = build_model(load_rig("leap_rail_49"))
    keyboard = model.rig.keyboard
    song = Score("rest", (Note(60, 0.5, 3.0),))
    goals: Goals = make_goals(song, keyboard.lowest_pitch, keyboard.n_keys)
    held, free = build_model(model.rig), build_model(model.rig)
    spring_that_holds(held, held=True)
    environment = BatchedEnvironment([held, free], goals, 2, np.zeros(model.n_joints))
    environment._qvel[:, KEY] = 1.0
    for _ in range(HELD):
        environment.step(np.zeros((2, model.n_joints)))
    assert not asleep(held, environment._batch.get_data(0))
    assert asleep(free, environment._batch.get_data(1))
