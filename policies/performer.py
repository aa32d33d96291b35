"""Playing a song against the clock: the core of the ROS node `player`, without ROS."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from policies.approach import Approach
from policies.errors import PolicyError
from policies.policy import Observation, Policy
from score import (
    CONTROL_STEP_S,
    Goals,
    KeyEvent,
    LoopTiming,
    frame_scores,
    roll_of_events,
    since_zero,
)

Array = NDArray[np.float64]

CONTROL_STEP_NS = round(CONTROL_STEP_S * 1e9)
COUNT_IN_S = 0.5
"""Rest in the start posture before score time 0 [s]; the first note follows at 0.5 s."""
_AFTERMATH_STEPS = 2  # for key events that are still under way when the song is over


class Stage(StrEnum):
    """What is being done; the performer's own part is from `MOVING` to `DONE`."""

    LOADING = "loading"
    MOVING = "moving"
    COUNTING_IN = "counting_in"
    PLAYING = "playing"
    DONE = "done"
    SCORING = "scoring"


@dataclass(frozen=True)
class Progress:
    """How far a performance is.

    Attributes:
        stage: What is being done.
        score_time_s: Score time [s]; negative while counting in, NaN before.
        duration_s: Score time at which the song is over [s]; NaN while it is being loaded.
        frame_f1: Frame F1 of the control steps played; NaN before the first.
        keys: Keys that are down.
    """

    stage: Stage
    score_time_s: float = math.nan
    duration_s: float = math.nan
    frame_f1: float = math.nan
    keys: tuple[int, ...] = ()


@dataclass(frozen=True)
class RigTiming:
    """How a rig's times relate to the control grid; all zero for one simulated on that grid.

    Attributes:
        jitter_s: How far the time of a joint state may be from the grid [s]: half their period
            where states are told as they are read. Deadlines lie so far before the states, so
            that none comes too early for its own.
        lead_s: From the deadline of a control step to the moment at which its targets act and are
            heard [s]. Score time is counted from there: a constant delay of the rig is led.
    """

    jitter_s: float = 0.0
    lead_s: float = 0.0


ON_THE_GRID = RigTiming()
"""Of a rig that is simulated in step with the control grid."""


@dataclass(frozen=True)
class Trace:
    """What was seen and commanded in each control step that was played, `m` of them.

    Attributes:
        time_s: Score time of the joint state, shape `(m,)` [s].
        joint_positions: Shape `(m, n)` [m for the rail, rad].
        joint_velocities: Shape `(m, n)`.
        joint_targets: Shape `(m, n)`.
    """

    time_s: Array
    joint_positions: Array
    joint_velocities: Array
    joint_targets: Array


class Performer:
    """Moves to the start posture, counts in, then plays; goals are looked up by score time.

    Feed it every key event, and the first joint state at or after `deadline_ns`; send the
    targets it answers with at once. A loop that is late therefore plays wrong notes: it never
    plays a slow song that scores well. All times are of the monotonic clock [ns].

    `key_event` and `progress` may be called from any thread.

    Args:
        policy: What plays.
        goals: What is due.
        count_in_s: Rest in the start posture before score time 0 [s].
        timing: Of the rig.

    Attributes:
        policy_name: Name of the policy that plays.
        stage: What it is doing.
        deadline_ns: Time of the earliest joint state that `step` wants next; 0 at first.
    """

    def __init__(
        self,
        policy: Policy,
        goals: Goals,
        count_in_s: float = COUNT_IN_S,
        timing: RigTiming = ON_THE_GRID,
    ) -> None:
        self.policy_name = policy.name
        self.stage = Stage.MOVING
        self.deadline_ns = 0
        self._policy = policy
        self._goals = goals
        self._count_in_ns = max(round(count_in_s / CONTROL_STEP_S), 1) * CONTROL_STEP_NS
        self._jitter_ns, self._lead_ns = (round(s * 1e9) for s in (timing.jitter_s, timing.lead_s))
        self._approach = Approach(policy.start, policy.joint_names)
        self._targets = np.array(policy.start, np.float64)
        self._grid_ns: int | None = None  # deadline of control step 0
        self._next_step = 0
        self._missed = 0
        self._woken_ns: list[int] = []
        self._rows: list[tuple[float, Array, Array, Array]] = []
        self._lock = threading.Lock()
        self._keys = np.zeros(goals.n_keys, bool)
        self._events: list[tuple[int, int, bool, int]] = []

    @property
    def score_zero_ns(self) -> int | None:
        """When score time 0 is; None until the hand is in the start posture."""
        return None if self._grid_ns is None else self._grid_ns + self._lead_ns

    def key_event(self, time_ns: int, key: int, down: bool, velocity: int) -> None:
        """Take note of a key that moved.

        Raises:
            PolicyError: when the keyboard has no such key.
        """
        if not 0 <= key < self._goals.n_keys:
            raise PolicyError(
                f"the keyboard sent key {key}, the rig has keys 0 to {self._goals.n_keys - 1}: "
                "check the rig and the keyboard's lowest pitch"
            )
        with self._lock:
            self._keys[key] = down
            self._events.append((time_ns, key, down, velocity))

    def step(self, time_ns: int, positions: ArrayLike, velocities: ArrayLike, now_ns: int) -> Array:
        """Answer one joint state with the targets to hold until the next.

        Args:
            time_ns: When the joints were in this state.
            positions: Shape `(n,)` [m for the rail, rad].
            velocities: Shape `(n,)`.
            now_ns: The present, for the report on the loop's timing.

        Raises:
            PolicyError: when the hand does not get to the start posture.
        """
        position = np.array(positions, np.float64)
        velocity = np.array(velocities, np.float64)
        if self._grid_ns is None:
            self._targets = self._approach.targets(time_ns, position)
            if self._approach.arrived(time_ns, position, velocity):
                self._grid_ns = time_ns + self._count_in_ns - self._jitter_ns
                self.stage = Stage.COUNTING_IN
        elif time_ns >= self._grid_ns:
            self._play(time_ns - self._grid_ns, position, velocity, now_ns)
        self._set_deadline(time_ns)
        return self._targets

    def progress(self) -> Progress:
        """How far it is, and how well it plays so far."""
        rows = min(self._next_step, self._goals.n_steps)
        f1 = math.nan
        if rows:
            played = roll_of_events(self.events(), rows, self._goals.n_keys)
            f1 = frame_scores(self._goals.keys[:rows], played).f1
        with self._lock:
            keys = tuple(int(key) for key in np.flatnonzero(self._keys))
        return Progress(self.stage, self._score_time_s(), self._goals.duration_s, f1, keys)

    def events(self) -> tuple[KeyEvent, ...]:
        """The key events in score time; a key that was down before counts as pressed at 0 s."""
        zero_ns = self.score_zero_ns
        if zero_ns is None:
            return ()
        with self._lock:
            recorded = list(self._events)
        return since_zero(
            KeyEvent((time_ns - zero_ns) / 1e9, key, down, velocity)
            for time_ns, key, down, velocity in recorded
        )

    def loop_timing(self) -> LoopTiming:
        """How steadily the control loop ran while playing."""
        periods_ms = np.diff(self._woken_ns) / 1e6
        if not len(periods_ms):
            return LoopTiming(missed=self._missed)
        median, high = (float(np.percentile(periods_ms, share)) for share in (50, 99))
        return LoopTiming(median, high, self._missed)

    def trace(self) -> Trace:
        """What was seen and commanded, one row per control step that was played."""
        n = len(self._policy.joint_names)
        time_s = np.array([row[0] for row in self._rows])
        stacks = (np.array([row[i] for row in self._rows]).reshape(-1, n) for i in (1, 2, 3))
        return Trace(time_s, *stacks)

    def _play(self, grid_ns: int, position: Array, velocity: Array, now_ns: int) -> None:
        step = grid_ns // CONTROL_STEP_NS
        if step >= self._goals.n_steps + self._lead_ns // CONTROL_STEP_NS + _AFTERMATH_STEPS:
            self.stage = Stage.DONE
            return
        self.stage = Stage.PLAYING
        observation = self._observe(step, grid_ns / 1e9, position, velocity)
        self._targets = np.array(self._policy(observation), np.float64)
        if step < self._goals.n_steps:
            self._rows.append(((grid_ns - self._lead_ns) / 1e9, position, velocity, self._targets))
            self._woken_ns.append(now_ns)
        last = min(step, self._goals.n_steps)
        self._missed += max(last - self._next_step, 0)
        self._next_step = step + 1

    def _observe(self, step: int, score_s: float, position: Array, velocity: Array) -> Observation:
        """What `sim.Environment` shows, from what the rig told."""
        with self._lock:
            keys = self._keys.astype(np.float64)
        return {
            "joint_positions": position,
            "joint_velocities": velocity,
            "joint_targets": self._targets,
            "keys": keys,
            "goal": self._goals.lookahead(step).astype(np.float64),
            "score_time_s": np.array([score_s]),
        }

    def _set_deadline(self, time_ns: int) -> None:
        """The next point of the control grid after `time_ns`; the grid starts where it must."""
        start_ns = self._grid_ns if self._grid_ns is not None else self.deadline_ns or time_ns
        steps = (time_ns - start_ns) // CONTROL_STEP_NS + 1
        self.deadline_ns = start_ns + steps * CONTROL_STEP_NS

    def _score_time_s(self) -> float:
        if self._grid_ns is None:
            return math.nan
        return (self.deadline_ns - CONTROL_STEP_NS - self._grid_ns) / 1e9
