"""What the planner takes from the simulator's physics: servos, keys, and where the keyboard is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.planner.parameters import PlanParameters
from sim import RigModel
from sim.model import key_name

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Physics:
    """The physics of a rig as far as plans depend on it, nominal or calibrated.

    Joint arrays have shape ``(n,)``, rail first, SI units.

    Attributes:
        stiffness: of the servos.
        damping: of the joints in all: back-EMF and gain damping.
        friction: loss of the joints.
        joint_offset: what encoders miss: true position minus reading.
        key_stiffness: of the key springs [Nm/rad].
        trigger: where keys begin to sound, as a fraction of their travel.
        turn: from the frame of the nominal keyboard to the piano frame, shape ``(3, 3)``.
        shift: the same [m], shape ``(3,)``.
    """

    stiffness: Array
    damping: Array
    friction: Array
    joint_offset: Array
    key_stiffness: float
    trigger: float
    turn: Array
    shift: Array

    @classmethod
    def of(cls, model: RigModel) -> Physics:
        """Read from a compiled model, with physics parameters applied or not."""
        mj, dofs, actuators = model.mj, model.joint_qvel, model.actuators
        turn, shift = _pose(model)
        return cls(
            stiffness=mj.actuator_gainprm[actuators, 0].copy(),
            damping=mj.dof_damping[dofs] - mj.actuator_biasprm[actuators, 2],
            friction=mj.dof_frictionloss[dofs].copy(),
            joint_offset=model.joint_offset.copy(),
            key_stiffness=float(mj.jnt_stiffness[0]),
            trigger=float(model.key_trigger[0]),
            turn=turn,
            shift=shift,
        )

    def same_as(self, other: Physics) -> bool:
        """Whether plans for both are the same."""
        mine, others = (asdict(physics).values() for physics in (self, other))
        return all(np.array_equal(a, b) for a, b in zip(mine, others, strict=True))

    def place(self, points: Array) -> Array:
        """Where points over the nominal keyboard are over this one, shape ``(..., 3)`` [m]."""
        return points @ self.turn.T + self.shift

    def adapt(self, parameters: PlanParameters, nominal_trigger: float) -> PlanParameters:
        """Press as far between trigger and stop as the parameters do on the nominal keyboard."""

        def deeper(depth: float) -> float:
            beyond = (depth - nominal_trigger) / (1.0 - nominal_trigger)
            return self.trigger + (1.0 - self.trigger) * beyond

        if self.trigger == nominal_trigger:
            return parameters
        depth, hop_depth = deeper(parameters.depth), deeper(parameters.hop_depth)
        return replace(parameters, depth=depth, hop_depth=hop_depth)


def _pose(model: RigModel) -> tuple[Array, Array]:
    """Turn and shift of the keyboard, by its first key."""
    keyboard, body = model.rig.keyboard, model.mj.body(key_name(0))
    shape = keyboard.shape(0)
    cos, sin = body.quat[0] ** 2 - body.quat[3] ** 2, 2 * body.quat[0] * body.quat[3]
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    nominal = np.array([shape.hinge_x, keyboard.center_y[0], shape.body_z])
    return turn, np.asarray(body.pos - turn @ nominal)
