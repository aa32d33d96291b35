"""A rig's excitation: an open-loop plan, and the notes that it strikes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.excitation.errors import ExcitationError
from calibration.excitation.program import draw_motion
from policies import Plan
from policies.performer import COUNT_IN_S
from score import CONTROL_STEP_S, KeyEvent, Note, Score, make_goals, roll_of_events
from score.grid import row_at, time_of_row
from score.placement import LEAD_IN_S
from sim import RigModel, Simulator, limit_targets

Array = NDArray[np.float64]

NAME = "excitation"

APPROACH_S = 6.0
"""What coming from anywhere to the first posture may take [s]: the whole rail, and settling."""


@dataclass(frozen=True)
class Excitation:
    """A motion that shows a rig's physics.

    Attributes:
        plan: joint targets of every control step, open loop.
        score: the notes that the motion strikes in the nominal simulator, on the control grid; the
            first starts at 0.5 s.
    """

    plan: Plan
    score: Score

    @property
    def duration_s(self) -> float:
        """Robot time [s]: coming from anywhere, counting in, the motion."""
        return APPROACH_S + COUNT_IN_S + len(self.plan.targets) * CONTROL_STEP_S


def make_excitation(model: RigModel, *, limit_s: float = 90.0) -> Excitation:
    """Make the excitation of a rig: the same motion every time.

    Args:
        model: the rig; its nominal dynamics decide which notes sound.
        limit_s: robot time there is [s].

    Raises:
        ExcitationError: it takes longer, or sounds no key.
    """
    sketch = draw_motion(model.rig)
    targets = limit_targets(sketch.targets(), model.joint_low, model.joint_high)
    plan = Plan(model.rig.name, model.joint_names, sketch.references(), targets, NAME)
    keys, wait = _sounding(plan, model)
    score = Score(NAME, tuple(_notes(keys, model.rig.keyboard.lowest_pitch)))
    n_steps = make_goals(score, model.rig.keyboard.lowest_pitch, model.n_keys).n_steps
    excitation = Excitation(_fitted(plan, wait, n_steps), score)
    if excitation.duration_s > limit_s:
        raise ExcitationError(
            f"the excitation of {model.rig.name} takes {excitation.duration_s:.1f} s, longer than "
            f"the limit of {limit_s:g} s: allow it more robot time"
        )
    return excitation


def play_open_loop(plan: Plan, model: RigModel) -> list[KeyEvent]:
    """Key events of a plan played in a simulator from rest, in score time."""
    simulator = Simulator(model)
    simulator.reset(plan.start)
    return [event for held in plan.targets for event in simulator.advance(held)]


def _sounding(plan: Plan, model: RigModel) -> tuple[NDArray[np.bool_], int]:
    """Which keys sound in each row, the first note where every song's first note is.

    Returns:
        The roll, and how many control steps the hand has to wait at the start for that.
    """
    events = play_open_loop(plan, model)
    onsets = [event.time_s for event in events if event.down]
    if not onsets:
        raise ExcitationError(
            f"the excitation sounds no key on {model.rig.name}: check the rig's pose over the keys"
        )
    wait = row_at(LEAD_IN_S) - row_at(onsets[0])
    if wait < 0:
        raise ExcitationError(f"the first note of the excitation comes {-wait} control steps late")
    roll = roll_of_events(events, len(plan.targets), model.n_keys)
    return np.pad(roll, ((wait, 0), (0, 0))), wait


def _notes(keys: NDArray[np.bool_], lowest_pitch: int) -> list[Note]:
    """The notes of a roll, from the row in which a key is down to the one in which it is up."""
    padded = np.pad(keys, ((1, 1), (0, 0))).astype(int)
    notes = []
    for key, changes in enumerate(np.diff(padded, axis=0).T):
        starts, ends = np.flatnonzero(changes > 0), np.flatnonzero(changes < 0)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            notes.append(Note(lowest_pitch + key, time_of_row(start), time_of_row(end)))
    return notes


def _fitted(plan: Plan, wait: int, n_steps: int) -> Plan:
    """Wait before it, and end when the scoring does: cut off, or hold the last posture."""
    rows = np.clip(np.arange(n_steps) - wait, 0, len(plan.targets) - 1)
    return replace(plan, references=plan.references[rows], targets=plan.targets[rows])
