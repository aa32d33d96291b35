"""The planner: a policy that plays a song from its score alone, without training."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.planner.fingering import choose_fingering
from policies.planner.kinematics import Finger
from policies.planner.lateness import measure_lateness
from policies.planner.motion import make_motion
from policies.planner.parameters import PlanParameters, load_parameters
from policies.planner.physics import Physics
from policies.planner.reach import measure_reach
from policies.planner.servo import joint_commands, joint_references
from policies.policy import Observation
from score import CONTROL_STEP_S, Goals
from sim import RigModel, build_model, limit_targets
from sim.environment import check_goals

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """A planned song: a table of joint targets looked up by score time.

    Attributes:
        rig: name of the rig.
        joint_names: joints in the order of the columns.
        references: joint positions to be in at the end of each step, shape ``(T, n)``.
        targets: joint targets to hold during each step, shape ``(T, n)`` [m for the rail, rad].
        lateness_s: how much later than its control steps keys sound, command delay apart [s].
    """

    rig: str
    joint_names: tuple[str, ...]
    references: Array
    targets: Array
    name: str = "planner"
    lateness_s: float = 0.0

    @property
    def start(self) -> Array:
        """Posture at score time 0, shape ``(n,)``."""
        return self.references[0]

    def __call__(self, observation: Observation) -> Array:
        """Targets of the control step that the score time falls into; the last ones after it."""
        step = int(observation["score_time_s"][0] / CONTROL_STEP_S + 1e-6)
        return self.targets[min(max(step, 0), len(self.targets) - 1)]


def make_plan(goals: Goals, model: RigModel, parameters: PlanParameters | None = None) -> Plan:
    """Plan a song on a rig, for the physics that its model has.

    The model's command delay is no business of a plan: who plays leads it, and the plan's own
    lateness, which is measured in the simulator where the physics is not that of the rig file.

    Raises:
        SimError: goals for another keyboard.
        UnreachableError: naming the notes that the rig cannot play.
    """
    check_goals(model, goals)
    rig = model.rig
    physics = Physics.of(model)
    parameters = physics.adapt(parameters or load_parameters(rig.name), rig.keys.trigger_fraction)
    reach = measure_reach(rig, parameters)
    fingering = choose_fingering(goals, rig, reach, parameters)
    motion = make_motion(goals, fingering, rig, reach, parameters)
    fingers = [Finger(rig, index) for index in range(len(rig.hand.fingers))]
    references = joint_references(motion, physics, fingers)
    commands = joint_commands(
        references, motion, fingers, rig=rig, physics=physics, parameters=parameters
    )
    read = references - physics.joint_offset  # what encoders will say
    targets = limit_targets(commands - physics.joint_offset, model.joint_low, model.joint_high)
    plan = Plan(rig.name, rig.joint_names, read, targets)
    if physics.same_as(Physics.of(build_model(rig))):
        return plan
    return replace(plan, lateness_s=measure_lateness(plan, goals, model))
