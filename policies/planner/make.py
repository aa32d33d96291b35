"""The planner: a policy that plays a song from its score alone, without training."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from policies.planner.fingering import choose_fingering
from policies.planner.kinematics import Finger
from policies.planner.lateness import measure_lateness
from policies.planner.motion import make_motion
from policies.planner.pair import OnProgress, make_pair_plan
from policies.planner.parameters import PlanParameters, load_parameters
from policies.planner.physics import Physics
from policies.planner.plan import Plan
from policies.planner.reach import measure_reach
from policies.planner.servo import joint_commands, joint_references
from score import Goals
from sim import PlayableModel, PlayablePair, RigModel, build_model, limit_targets
from sim.environment import check_goals


def make_plan(
    goals: Goals,
    model: PlayableModel,
    parameters: PlanParameters | None = None,
    on_progress: OnProgress = lambda share: None,
) -> Plan:
    """Plan a song on a rig of one hand or two, for the physics that its model has.

    The model's command delay is no business of a plan: who plays leads it, and the plan's own
    lateness, which is measured in the simulator where the physics is not that of the rig file.

    Args:
        goals: the song.
        model: the rig.
        parameters: of the planner for one hand; the rig's tuned ones by default.
        on_progress: is told how far the plan for two hands is, which takes its time.

    Raises:
        SimError: goals for another keyboard.
        UnreachableError: naming the notes that the rig cannot play.
    """
    check_goals(model, goals)
    if isinstance(model, RigModel):
        return _make_hand_plan(goals, model, parameters)
    pair = cast(PlayablePair, model)  # there is no other kind
    return make_pair_plan(goals, pair, on_progress=on_progress).plan


def _make_hand_plan(goals: Goals, model: RigModel, parameters: PlanParameters | None) -> Plan:
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
