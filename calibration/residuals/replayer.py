"""Replaying what was sent under many sets of physics parameters at once."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import ArrayLike, NDArray

from calibration.errors import CalibrationError
from calibration.residuals.commands import controls
from calibration.residuals.segment import LONGEST_S, Segment
from sim import ParameterError, PhysicsParameters, Rig, RigModel, build_model
from sim.ramps import Ramp

Floats = NDArray[np.float64]

_SETS = 16  # replayed at once: enough for all cores, and a minute of them fits into 200 MB
_NUDGE_NM = 1e-12  # keeps keys awake: asleep, one that is let go gently stays down (sim.sleep)
_CHUNK = 200  # physics steps between two looks at which segments are over


@dataclass(frozen=True, eq=False)
class Replay:
    """What one set of parameters makes of one segment: at its start and after every physics step.

    Attributes:
        segment: Whose targets were sent.
        model: The rig with the set applied.
        state_delay_s: How old joint states are when they are read [s].
        positions: What the encoders have, shape `(steps + 1, n)` [m for the rail, rad].
        depths: How far keys are down, in travels, shape `(steps + 1, n_keys)`.
        tips: Centres of the fingertips at the start of every physics step in the piano frame,
            shape `(steps, fingers, 3)` [m].
    """

    segment: Segment
    model: RigModel
    state_delay_s: float
    positions: Floats
    depths: Floats
    tips: Floats


class Replayer:
    """Replays segments in the simulator, all parameter sets and segments in one batch.

    Args:
        rig: Whose segments they are.
        segments: What to replay.
        threads: Number of threads, 0 for one a core.

    Raises:
        CalibrationError: No segments, more than 60 s of them, or of another rig.
    """

    def __init__(self, rig: Rig, segments: Sequence[Segment], threads: int = 0) -> None:
        self.rig, self.segments = rig, tuple(segments)
        check_segments(rig, self.segments)
        self._threads = threads
        self._model = build_model(rig)
        self._batch: Batch | None = None

    def replay(
        self, parameter_sets: Sequence[PhysicsParameters], state_delay_s: ArrayLike
    ) -> list[tuple[Replay, ...] | None]:
        """Replay all segments with every set.

        Args:
            parameter_sets: `k` sets for the rig.
            state_delay_s: Age of the joint states of each set, shape `(k,)` or one for all [s].

        Returns:
            For each set, one replay a segment; None where keys would rest pressed or not come
            back, so that nobody could play.
        """
        delays = np.broadcast_to(np.asarray(state_delay_s, float), len(parameter_sets)).tolist()
        done: list[tuple[Replay, ...] | None] = []
        for first in range(0, len(parameter_sets), _SETS):
            some = slice(first, first + _SETS)
            done += self._replay_some(parameter_sets[some], delays[some])
        return done

    def _replay_some(
        self, sets: Sequence[PhysicsParameters], delays: Sequence[float]
    ) -> list[tuple[Replay, ...] | None]:
        with ThreadPoolExecutor(self._threads or os.cpu_count()) as pool:
            applied = list(pool.map(self._applied, sets))
        playable = [index for index, model in enumerate(applied) if model is not None]
        begun: list[Replay] = [
            _begin(segment, model, delay)
            for model, delay in zip(applied, delays, strict=True)
            if model is not None
            for segment in self.segments
        ]
        if begun:
            self._roll(begun)
        each = len(self.segments)
        done: list[tuple[Replay, ...] | None] = [None] * len(sets)
        for place, index in enumerate(playable):
            done[index] = tuple(begun[place * each : (place + 1) * each])
        return done

    def _applied(self, parameters: PhysicsParameters) -> RigModel | None:
        """On threads, for most of it is MuJoCo's: whether keys come back."""
        try:
            return parameters.apply(replace(self._model, mj=copy.copy(self._model.mj)))
        except ParameterError:
            return None

    def _roll(self, begun: Sequence[Replay]) -> None:
        """Fill in what happens after the start, all replays at once."""
        batch, model = self._batch_for(len(begun)), self._model
        models = [replay.model.mj for replay in begun]
        batch.set_models(models + models[:1] * (batch.nsim - len(begun)))
        told = [_told(replay) for replay in begun]
        rows = np.arange(len(begun), dtype=np.int32)
        self._set_start(batch, begun, rows)
        lengths = np.array([len(row) for row in told])
        for first in range(0, int(lengths.max()), _CHUNK):
            rows = rows[lengths[rows] > first]
            steps = min(_CHUNK, int(lengths[rows].max()) - first)
            control = np.zeros((len(rows), steps, model.mj.nu))
            for place, row in enumerate(rows.tolist()):
                piece = told[row][first : first + steps]
                control[place][: len(piece), model.actuators] = piece
            track = batch.rollout(steps, control, record=("qpos", "site_xpos"), ids=rows)
            for place, row in enumerate(rows.tolist()):
                _take(begun[row], first, track["qpos"][place], track["site_xpos"][place])

    def _batch_for(self, n: int) -> Batch:
        if self._batch is None or self._batch.nsim < n:
            self._batch = Batch(self._model.mj, n, self._threads, persistent=True)
        return self._batch

    def _set_start(self, batch: Batch, begun: Sequence[Replay], rows: NDArray[np.int32]) -> None:
        model = self._model
        batch.reset(ids=rows, stage=mujoco.mjtStage.mjSTAGE_NONE.value)
        qpos, qvel, ctrl = (batch.bind(name) for name in ("qpos", "qvel", "ctrl"))
        awake = batch.bind("qfrc_applied")
        for row, replay in zip(rows, begun, strict=True):
            awake[row, model.key_qpos] = _NUDGE_NM * _touched(replay.segment, model.n_keys)
            segment, offset = replay.segment, replay.model.joint_offset
            held = replay.depths[0] * model.key_travel_rad
            qpos[row, model.key_qpos] = held
            qpos[row, model.joint_qpos] = segment.start_positions + offset
            qvel[row, model.joint_qvel] = segment.start_velocities
            ctrl[row, model.actuators] = segment.targets[0] + offset
        batch.forward(ids=rows)


def _touched(segment: Segment, n_keys: int) -> NDArray[np.bool_]:
    """Keys that sound in a recording, and their neighbours, shape `(n_keys,)`."""
    touched = segment.sounding.copy()
    touched[segment.event_keys] = True
    around = touched.copy()
    around[1:] |= touched[:-1]
    around[:-1] |= touched[1:]
    return around[:n_keys]


def check_segments(rig: Rig, segments: Sequence[Segment]) -> None:
    """Refuse what cannot be replayed.

    Raises:
        CalibrationError: No segments, more than 60 s of them, or of another rig.
    """
    if not segments:
        raise CalibrationError("there is nothing to replay: record a performance first")
    total_s = sum(segment.duration_s for segment in segments)
    if total_s > LONGEST_S + 1e-6:
        raise CalibrationError(
            f"{total_s:.0f} s are too much for one trial: choose segments of {LONGEST_S:.0f} s"
        )
    for segment in segments:
        if segment.targets.shape[1] != len(rig.joint_names):
            raise CalibrationError(
                f"{segment.name} has {segment.targets.shape[1]} joints, rig {rig.name} has "
                f"{len(rig.joint_names)}: name the rig that was recorded"
            )


def _begin(segment: Segment, model: RigModel, state_delay_s: float) -> Replay:
    """A replay at its start; keys that sound are at their trigger, the others at rest."""
    positions = np.zeros((segment.steps + 1, model.n_joints))
    positions[0] = segment.start_positions
    depths = np.zeros((segment.steps + 1, model.n_keys))
    depths[0] = np.where(segment.sounding, model.key_trigger, 0.0)
    tips = np.zeros((segment.steps, len(model.fingertip_sites), 3))
    return Replay(segment, model, state_delay_s, positions, depths, tips)


def _told(replay: Replay) -> Floats:
    """What the servos are told in each physics step, true joint positions, shape `(steps, n)`."""
    model = replay.model
    told = controls(replay.segment, model.command_delay_s)
    if (model.ramp_steps > 1).any():
        ramp = Ramp(replay.segment.targets[0], model.ramp_steps)
        told = np.array([ramp(row) for row in told])
    return told + model.joint_offset


def _take(replay: Replay, first: int, qpos: Floats, sites: Floats) -> None:
    """Keep what is compared of the physics steps from `first` on, at most of the segment's.

    Like every position MuJoCo derives from the joints, sites are those of the start of a step.
    """
    model, steps = replay.model, len(replay.tips)
    kept = slice(0, max(min(len(qpos), steps - first), 0))
    ends, starts = slice(first + 1, first + 1 + kept.stop), slice(first, first + kept.stop)
    replay.positions[ends] = qpos[kept, model.joint_qpos] - model.joint_offset
    replay.depths[ends] = qpos[kept, model.key_qpos] / model.key_travel_rad
    replay.tips[starts] = sites[kept, model.fingertip_sites]
