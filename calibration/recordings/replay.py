"""Playing the commands of a recording in the simulator: what it would have done, and the gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.recordings.errors import RecordingError
from calibration.recordings.recording import Recording
from score import (
    CONTROL_STEP_S,
    Goals,
    KeyEvent,
    Note,
    matched_onsets,
    note_f1,
    notes_of_events,
    performance_score,
    roll_of_events,
)
from sim import RigModel, Simulator
from sim.realtime import RealTimeSimulator, RigState
from sim.replay import Replay

Array = NDArray[np.float64]

ONSET_TOLERANCE_S = 0.05
LONGEST_S = 3600.0
"""No performance lasts longer [s]; times that say so are broken."""


@dataclass(frozen=True, eq=False)
class Replayed:
    """What the simulator did with the commands of a recording, at its start and `s - 1` steps on.

    Attributes:
        model: The simulated rig.
        recording: Whose commands were played.
        time_s: Since the recording's first joint state, shape `(s,)` [s].
        positions: Shape `(s, n)` in the order of the model's joints [m for the rail, rad].
        events: Keys that moved, seconds since the recording's first joint state.
    """

    model: RigModel
    recording: Recording
    time_s: Array
    positions: Array
    events: tuple[KeyEvent, ...]

    @property
    def recorded_events(self) -> tuple[KeyEvent, ...]:
        """Keys that moved in the recording, on the same clock."""
        return self.recording.events.since(self.recording.start_ns)

    @property
    def joint_errors(self) -> Array:
        """RMS distance of simulated from recorded positions per joint, shape `(n,)`."""
        recorded = _in_order(self.recording.states.positions, self.recording, self.model)
        times_s = (self.recording.states.time_ns - self.recording.start_ns) / 1e9
        columns = [np.interp(times_s, self.time_s, column) for column in self.positions.T]
        return np.sqrt(np.mean((np.array(columns).T - recorded) ** 2, axis=0))

    @property
    def note_f1(self) -> float:
        """How well the simulated notes match the recorded ones, onsets within 50 ms; 0 to 1."""
        recorded, played = self._notes(self.recorded_events), self._notes(self.events)
        return note_f1(recorded, played, ONSET_TOLERANCE_S)

    @property
    def onset_gap_ms(self) -> float | None:
        """Median of simulated minus recorded onset [ms]; None when no note matches."""
        recorded, played = self._notes(self.recorded_events), self._notes(self.events)
        onsets_s = matched_onsets(recorded, played)
        return 1000.0 * float(np.median(np.diff(onsets_s))) if len(onsets_s) else None

    def movement(self) -> Replay:
        """The simulated movement for pictures; what was recorded is shown as due."""
        keyboard = self.model.rig.keyboard
        steps = max(round(float(self.time_s[-1]) / CONTROL_STEP_S), 1)
        events = self.recorded_events
        goals = Goals(
            self.recording.folder.name,
            performance_score(events, "recorded", keyboard.lowest_pitch, steps * CONTROL_STEP_S),
            keyboard.lowest_pitch,
            keyboard.n_keys,
            roll_of_events(events, steps, keyboard.n_keys),
            np.zeros(steps, bool),
            (),
        )
        return Replay(goals, self.events, self.time_s, self.positions)

    def _notes(self, events: tuple[KeyEvent, ...]) -> tuple[Note, ...]:
        return notes_of_events(events, self.model.rig.keyboard.lowest_pitch)


def replay(recording: Recording, model: RigModel) -> Replayed:
    """Play a recording's targets in the simulator, each at its time, from its first joint state.

    Targets act as in real time (`sim.realtime`): from the physics step nearest to their arrival.

    Args:
        recording: Of a hand with the model's joints.
        model: What to simulate; physics parameters applied or not.

    Raises:
        RecordingError: When the recording has other joints, no joint states, no targets, or times
            that cannot be.
        SimError: When a target is no number.
    """
    states, targets = recording.states, recording.targets
    if not len(states.time_ns) or not len(targets.time_ns):
        raise RecordingError(f"{recording.folder} has no joint states or no targets to replay")
    if not 0.0 <= recording.duration_s <= LONGEST_S:
        raise RecordingError(
            f"{recording.folder} lasts {recording.duration_s:.0f} s: its times are broken, "
            f"see `dacapo inspect {recording.folder}`"
        )
    start, told = (_in_order(x.positions, recording, model) for x in (states, targets))
    simulator = Simulator(model)
    simulator.reset(start[0])
    rig = RealTimeSimulator(simulator, recording.start_ns)
    steps: list[RigState] = []
    for time_ns, row in zip(targets.time_ns.tolist(), told, strict=True):
        while rig.due_ns <= min(time_ns, states.time_ns[-1]):
            steps += rig.catch_up(rig.due_ns)
        rig.set_targets(row, time_ns)  # limited by where the joints are at that time
    while rig.time_ns < states.time_ns[-1]:
        steps += rig.catch_up(rig.due_ns)
    return Replayed(
        model,
        recording,
        np.array([0.0, *((s.time_ns - recording.start_ns) / 1e9 for s in steps)]),
        np.array([start[0], *(s.joint_positions for s in steps)]),
        tuple(
            KeyEvent((s.time_ns - recording.start_ns) / 1e9, e.key, e.down, e.velocity)
            for s in steps
            for e in s.events
        ),
    )


def _in_order(rows: Array, recording: Recording, model: RigModel) -> Array:
    """Columns of joints in the order of the model's."""
    names = recording.joint_names
    if set(names) != set(model.joint_names):
        raise RecordingError(
            f"{recording.folder} has the joints {', '.join(names) or '(none)'}, the rig "
            f"{model.rig.name} has {', '.join(model.joint_names)}: name its rig with --rig"
        )
    return rows[:, [names.index(name) for name in model.joint_names]]
