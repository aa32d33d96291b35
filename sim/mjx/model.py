"""The rig with fewer contacts, for devices that pay for every contact that could be."""

from __future__ import annotations

from typing import Literal, get_args

import mujoco

from sim.pair.model import PairModel, index_pair, pair_spec
from sim.pair.playable import PlayablePair, compile_playable
from sim.pair.rig import PairRig

Implementation = Literal["jax", "warp"]
IMPLEMENTATIONS: tuple[Implementation, ...] = get_args(Implementation)
"""MJX in JAX operations, and MuJoCo Warp's kernels behind the same interface."""

MAX_CONTACTS = 64
"""Room for contacts of one environment: three keys under each fingertip, two points each, and 4."""

ROWS_PER_CONTACT = 4
"""Edges of a pyramidal friction cone of condim 3."""


def build_reduced(rig: PairRig, max_contacts: int = MAX_CONTACTS) -> PairModel:
    """Compile a rig of two hands in which only fingertips touch, and only keys.

    The same joints, servos, masses and keys as ``sim.pair.build_pair``. The C simulator steps it
    as well, which is how MJX is checked. Nothing sleeps: MJX cannot.

    Args:
        rig: of two hands.
        max_contacts: of one environment; more are an error of ``MjxEnvironment``.
    """
    spec, forearms = _reduced_spec(rig, max_contacts)
    return index_pair(spec.compile(), rig, forearms)


def build_reduced_playable(rig: PairRig, max_contacts: int = MAX_CONTACTS) -> PlayablePair:
    """The same as learners play it: ``sim.build_playable`` with fewer contacts.

    Args:
        rig: of two hands.
        max_contacts: of one environment.
    """
    spec, forearms = _reduced_spec(rig, max_contacts)
    # Forearms pass through each other: their sensor would take time and always say 0.
    spec.option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_SENSOR)
    return compile_playable(spec, rig, forearms)


def _reduced_spec(rig: PairRig, max_contacts: int) -> tuple[mujoco.MjSpec, list[list[str]]]:
    spec, forearms = pair_spec(rig)
    spec.option.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    tips = {f"{side}_{tip['body']}_0" for side in ("right", "left") for tip in rig.hand_data.tips}
    for geom in spec.geoms:
        if geom.contype:  # everything but keys, which are only touched
            geom.contype, geom.conaffinity = int(geom.name in tips), 0
    spec.add_numeric(name="max_contact_points", data=[max_contacts], size=1)  # MJX reads it
    return spec, forearms


def max_contacts(mj: mujoco.MjModel) -> int:
    """Room for contacts of one environment of a reduced model."""
    return int(mj.numeric("max_contact_points").data[0])


def max_rows(mj: mujoco.MjModel) -> int:
    """Rows of constraints of one environment: contacts, limits of joints and dry friction."""
    limits, frictions = int(mj.jnt_limited.sum()), int((mj.dof_frictionloss > 0).sum())
    return ROWS_PER_CONTACT * max_contacts(mj) + limits + frictions
