"""One performance, from the name of a song to its scored result; knows no ROS.

The player lends it a rig: the streams and services it plays through.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from piano_nodes.errors import NodeError
from piano_nodes.graph import MODES
from policies import Policy, choose_policy, known_delay_s, load_policy
from policies.performer import Performer, Progress, RigTiming, Stage
from policies.policy import lateness_of
from score import Goals, load_song, make_goals
from sim import RigModel

Array = NDArray[np.float64]

BUS_JITTER_S = 0.005
"""Half the period of the joint states of a rig behind a bus of 100 Hz [s]."""
BUS_DELAY_S = 0.0075
"""From sending targets to what is heard, behind such a bus and a MIDI port [s]: measured on an
emulated rig in the nominal world, so that its onsets are those of mode sim. A calibration finds the
whole delay of a rig."""

FIRST_STATE_S = 60.0
"""How long the first joint state may take [s]: a real hand rises and looks for the end of its rail
before, for up to 20 s."""
STATE_S = 0.5
"""How long any other joint state may take [s]."""
PROGRESS_EVERY = 4
"""Control steps between two reports of progress: 5 a second."""
BREATH_S = 0.01
"""Pause between sending targets and reporting [s]: the targets are to arrive undisturbed."""


@dataclass(frozen=True)
class JointReading:
    """Joints at one moment of the monotonic clock, in the order of the rig's joints."""

    time_ns: int
    positions: Array
    velocities: Array


class RigPort(Protocol):
    """What a session needs of the world."""

    def wait_for_state(self, after_ns: int, timeout_s: float) -> JointReading | None:
        """The first joint state of a time at or after `after_ns`; None when none came in time."""
        ...

    def send(self, targets: Array) -> None:
        """Send joint targets to the hand."""
        ...

    def attend(self, performer: Performer) -> None:
        """From now on hand every key event to this performer."""
        ...

    def cancelled(self) -> bool:
        """Whether the performance is to end at once."""
        ...

    def trouble(self) -> str:
        """Why hand or keyboard are of no use any more; empty when they are."""
        ...


class Cancelled(Exception):  # noqa: N818  # no error: somebody asked for it
    """The performance was called off."""


def prepare(
    song: str, model: RigModel, policy: str, mode: str = MODES[0], *, fitted: bool = False
) -> tuple[Performer, Goals]:
    """Load a song and its policy.

    Args:
        song: Name in the library, or path of a MIDI file.
        model: The rig.
        policy: Name or path; empty: the zoo's or the planner's.
        mode: One of `MODES`, which the timing of the rig depends on.
        fitted: Whether the model has the physics of a parameters file.

    Raises:
        DaCapoError: when the song, the policy, or the two together with the rig do not work.
    """
    keyboard = model.rig.keyboard
    goals = make_goals(load_song(song), keyboard.lowest_pitch, keyboard.n_keys)
    player = load_policy(policy or choose_policy(model, goals, fitted=fitted)[0], model, goals)
    return Performer(player, goals, timing=timing_of(mode, player, model)), goals


def timing_of(mode: str, policy: Policy, model: RigModel) -> RigTiming:
    """How the times of the rig in the graph relate to the control grid.

    Args:
        mode: One of `MODES`; in mode sim the rig's physics are exactly those of the model.
        policy: What plays.
        model: What is known of the rig.
    """
    if mode == MODES[0]:
        return RigTiming(lead_s=model.command_delay_s + lateness_of(policy))
    delay_s = known_delay_s(policy, model) or BUS_DELAY_S
    return RigTiming(BUS_JITTER_S, BUS_JITTER_S + delay_s + lateness_of(policy))


def perform(performer: Performer, port: RigPort, report: Callable[[Progress], None]) -> None:
    """Play to the end: one control step at the first joint state of each deadline.

    Args:
        performer: What to play.
        port: Where.
        report: Is called five times a second, right after targets were sent.

    Raises:
        Cancelled: when the port says so.
        NodeError: when joint states stay away, hand or keyboard say that they are of no use, or
            the policy gives no number for a target.
        PolicyError: when the hand does not reach the start posture.
    """
    port.attend(performer)
    timeout_s, steps = FIRST_STATE_S, 0
    while not _over(performer):
        if port.cancelled():
            raise Cancelled
        reading = port.wait_for_state(performer.deadline_ns, timeout_s)
        if trouble := port.trouble():
            raise NodeError(trouble)
        if reading is None:
            if port.cancelled():
                raise Cancelled
            raise NodeError(
                f"no joint states for {timeout_s:g} s: is the hand's node running, and up?"
            )
        timeout_s = STATE_S
        now_ns = time.monotonic_ns()
        targets = performer.step(reading.time_ns, reading.positions, reading.velocities, now_ns)
        if _over(performer):  # nothing that could overtake what the player does next
            break
        if not np.isfinite(targets).all():
            raise NodeError(
                f"policy '{performer.policy_name}' broke: it gave no number as a target"
            )
        port.send(targets)
        steps += 1
        if steps % PROGRESS_EVERY == 0:
            time.sleep(BREATH_S)
            report(performer.progress())
    report(performer.progress())


def _over(performer: Performer) -> bool:
    return performer.stage is Stage.DONE
