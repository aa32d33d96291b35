"""What motors would say of their torque in a replay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.residuals.commands import controls
from calibration.residuals.replayer import Replay
from sim import PHYSICS_STEP_S

Floats = NDArray[np.float64]


def simulated_efforts(replay: Replay, time_s: Floats) -> Floats:
    """Torque that the motors' currents make, as read at some moments.

    The servo's force, within its limits, less what back-EMF takes.

    Args:
        replay: Of a segment.
        time_s: Since its start, shape `(t,)` [s].

    Returns:
        Shape `(t, n)` [N for the rail, Nm].
    """
    model, positions = replay.model, replay.positions
    told = controls(replay.segment, model.command_delay_s)
    speed = np.diff(positions, axis=0) / PHYSICS_STEP_S
    mj, actuators = model.mj, model.actuators
    force = mj.actuator_gainprm[actuators, 0] * (told - positions[:-1])
    force += mj.actuator_biasprm[actuators, 2] * speed
    low, high = mj.actuator_forcerange[actuators].T
    effort = np.clip(force, low, high) - mj.dof_damping[model.joint_qvel] * speed
    step = np.clip((time_s - replay.state_delay_s) / PHYSICS_STEP_S, 0.0, len(effort) - 1.0)
    before = step.astype(np.intp)
    after = np.minimum(before + 1, len(effort) - 1)
    share = (step - before)[:, None]
    return np.asarray((1 - share) * effort[before] + share * effort[after])
