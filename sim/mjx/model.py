"""The rig with fewer contacts, for devices that pay for every contact that could be."""

from __future__ import annotations

from typing import Literal, get_args

import mujoco

from sim.errors import RigError
from sim.model import key_name
from sim.pair.model import PairModel, index_pair, pair_spec
from sim.pair.playable import PlayablePair, compile_playable
from sim.pair.rig import PairRig

Implementation = Literal["jax", "warp"]
IMPLEMENTATIONS: tuple[Implementation, ...] = get_args(Implementation)
"""MJX in JAX operations, and MuJoCo Warp's kernels behind the same interface."""

MAX_CONTACTS = 64
"""Room for contacts of one environment: three keys under each fingertip, two points each, and 4."""

MAX_NEAR_KEYS = 18
"""Room for keys near fingertips; with two hands' 46 joints the solver has 64 unknowns."""

ROWS_PER_CONTACT = 4
"""Edges of a pyramidal friction cone of condim 3."""

GRAVITY_M_S2 = 9.81
"""MuJoCo's default."""


def build_reduced(
    rig: PairRig, max_contacts: int = MAX_CONTACTS, max_near_keys: int = MAX_NEAR_KEYS
) -> PairModel:
    """Compile a rig of two hands in which only fingertips touch, and only keys.

    The same joints, servos, masses and keys as ``sim.pair.build_pair``. The C simulator steps it
    as well, which is how MJX is checked. Nothing sleeps: MJX cannot.

    Args:
        rig: of two hands.
        max_contacts: of one environment; more are an error of ``MjxEnvironment``.
        max_near_keys: that fingertips of one environment are near to; more are an error too.

    Raises:
        RigError: its hands feel gravity.
    """
    spec, forearms = _reduced_spec(rig, max_contacts, max_near_keys)
    return index_pair(spec.compile(), rig, forearms)


def build_reduced_playable(
    rig: PairRig, max_contacts: int = MAX_CONTACTS, max_near_keys: int = MAX_NEAR_KEYS
) -> PlayablePair:
    """The same as learners play it: ``sim.build_playable`` with fewer contacts.

    Args:
        rig: of two hands.
        max_contacts: of one environment.
        max_near_keys: that fingertips of one environment are near to.

    Raises:
        RigError: its hands feel gravity.
    """
    spec, forearms = _reduced_spec(rig, max_contacts, max_near_keys)
    # Forearms pass through each other: their sensor would take time and always say 0.
    spec.option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_SENSOR)
    return compile_playable(spec, rig, forearms)


def _reduced_spec(
    rig: PairRig, max_contacts: int, max_near_keys: int
) -> tuple[mujoco.MjSpec, list[list[str]]]:
    if not rig.gravity_compensation:
        raise RigError(f"{rig.name}: MJX has no gravity, it needs `gravity_compensation: true`")
    spec, forearms = pair_spec(rig)
    spec.option.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    tips = {f"{side}_{tip['body']}_0" for side in ("right", "left") for tip in rig.hand_data.tips}
    for geom in spec.geoms:
        if geom.contype:  # everything but keys, which are only touched
            geom.contype, geom.conaffinity = int(geom.name in tips), 0
    _without_gravity(spec, rig)
    spec.add_numeric(name="max_contact_points", data=[max_contacts], size=1)  # MJX reads it
    spec.add_numeric(name="max_near_keys", data=[max_near_keys], size=1)
    return spec, forearms


def _without_gravity(spec: mujoco.MjSpec, rig: PairRig) -> None:
    """Have the springs of the keys hold their weight too, and switch gravity off.

    Hands do not feel it, and Warp takes a tenth of a step to find that out: it looks at every pair
    of a body and a joint. Keys turn little: their weight's torque differs by 0.2 % at most.
    """
    for key in range(rig.piano.n_keys):
        shape = rig.piano.shape(key)
        torque_nm = shape.mass * GRAVITY_M_S2 * (shape.body_x - shape.hinge_x)
        spec.joint(key_name(key)).springref += torque_nm / rig.keys.stiffness_nm_per_rad
    spec.option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_GRAVITY)


def max_contacts(mj: mujoco.MjModel) -> int:
    """Room for contacts of one environment of a reduced model."""
    return int(mj.numeric("max_contact_points").data[0])


def max_near_keys(mj: mujoco.MjModel) -> int:
    """Room for keys near fingertips of one environment of a reduced model."""
    return int(mj.numeric("max_near_keys").data[0])


def max_rows(mj: mujoco.MjModel) -> int:
    """Rows of constraints of one environment: contacts, limits of joints and dry friction."""
    limits, frictions = int(mj.jnt_limited.sum()), int((mj.dof_frictionloss > 0).sum())
    return ROWS_PER_CONTACT * max_contacts(mj) + limits + frictions


def max_dofs(mj: mujoco.MjModel) -> int:
    """Unknowns of the solver in one environment: joints of the hands and keys near fingertips."""
    return int(mj.nv - mj.geom_conaffinity.sum()) + max_near_keys(mj)
