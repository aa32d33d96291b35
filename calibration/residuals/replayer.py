"""Replaying what was sent under many sets of physics parameters at once."""

from __future__ import annotations

import copy
import math
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
from sim import (
    PHYSICS_STEPS_PER_CONTROL,
    ParameterError,
    PhysicsParameters,
    Rig,
    RigModel,
    build_model,
)
from sim.ramps import Ramp
from sim.sleep import keep_pressed_keys_awake

Floats = NDArray[np.float64]

_SETS = 16  # replayed at once: enough for all cores, and a minute of them fits into 200 MB
_STEPS = PHYSICS_STEPS_PER_CONTROL  # after which pressed keys are kept awake again


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
        rows = np.arange(len(begun), dtype=np.int32)
        self._set_start(batch, begun, rows)
        told, lengths = self._told(begun), np.array([len(replay.tips) for replay in begun])
        qpos, applied = batch.bind("qpos"), batch.bind("qfrc_applied")
        of_keys = np.zeros((len(begun), model.n_keys))
        path = {
            "qpos": np.empty((*told.shape[:2], model.mj.nq)),
            "site_xpos": np.empty((*told.shape[:2], model.mj.nsite, 3)),
        }
        for first in range(0, told.shape[1], _STEPS):
            rows, steps = rows[lengths[rows] > first], slice(first, first + _STEPS)
            keep_pressed_keys_awake(
                qpos[: len(begun), model.key_qpos], model.key_travel_rad, of_keys
            )
            applied[: len(begun), model.key_qpos] = of_keys
            track = batch.rollout(_STEPS, told[rows, steps], record=tuple(path), ids=rows)
            for name, values in track.items():
                path[name][rows, steps] = values
        for replay, qpos_path, sites in zip(begun, *path.values(), strict=True):
            _take(replay, qpos_path, sites)

    def _told(self, begun: Sequence[Replay]) -> Floats:
        """Controls of all replays, shape `(replays, steps, actuators)`, whole control steps."""
        steps = max(len(replay.tips) for replay in begun)
        whole = math.ceil(steps / _STEPS) * _STEPS
        told = np.zeros((len(begun), whole, self._model.mj.nu))
        for place, replay in enumerate(begun):
            told[place][: len(replay.tips), self._model.actuators] = _told(replay)
        return told

    def _batch_for(self, n: int) -> Batch:
        if self._batch is None or self._batch.nsim < n:
            self._batch = Batch(self._model.mj, n, self._threads, persistent=True)
        return self._batch

    def _set_start(self, batch: Batch, begun: Sequence[Replay], rows: NDArray[np.int32]) -> None:
        model = self._model
        batch.reset(ids=rows, stage=mujoco.mjtStage.mjSTAGE_NONE.value)
        qpos, qvel, ctrl = (batch.bind(name) for name in ("qpos", "qvel", "ctrl"))
        for row, replay in zip(rows, begun, strict=True):
            segment, offset = replay.segment, replay.model.joint_offset
            held = replay.depths[0] * model.key_travel_rad
            qpos[row, model.key_qpos] = held
            qpos[row, model.joint_qpos] = segment.start_positions + offset
            qvel[row, model.joint_qvel] = segment.start_velocities
            ctrl[row, model.actuators] = segment.targets[0] + offset
        batch.forward(ids=rows)


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


def _take(replay: Replay, qpos: Floats, sites: Floats) -> None:
    """Keep what is compared, of as many physics steps as the segment has.

    Like every position MuJoCo derives from the joints, sites are those of the start of a step.
    """
    model, steps = replay.model, len(replay.tips)
    replay.positions[1:] = qpos[:steps, model.joint_qpos] - model.joint_offset
    replay.depths[1:] = qpos[:steps, model.key_qpos] / model.key_travel_rad
    replay.tips[:] = sites[:steps, model.fingertip_sites]
