"""Many copies of the environment, stepped together on a thread pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import ArrayLike, NDArray

from score import CONTROL_STEP_S, LOOKAHEAD, Goals, KeyEvent
from sim.delays import DelayLines
from sim.environment import check_goals
from sim.errors import SimError
from sim.key_history import KeyHistory
from sim.lead import Lead
from sim.model import PHYSICS_STEP_S, PHYSICS_STEPS_PER_CONTROL
from sim.playable import PEDAL_DOWN, PlayableModel
from sim.rewards import (
    COLLISION_WEIGHT,
    ENERGY_COEFFICIENT,
    energy,
    fingering_rewards,
    key_press,
    sustain,
)
from sim.sleep import keep_pressed_keys_awake
from sim.song_states import SongStates

Floats = NDArray[np.float64]


class BatchedEnvironment:
    """``n`` environments of one song; states and key events equal the single one's bit for bit.

    Arrays have a leading axis over environments and are overwritten by the next call.

    A constant delay is led: score time runs ``lead_s`` later than the control steps, as on a rig
    that is played with that lead. Observations stay on the control grid. A row of the goals is
    judged, and rewarded, in the control step in which it ends; the fingertips and the power of the
    reward are those at the end of that control step.

    Attributes:
        lead: how much later than control steps rows end.
        rows: row that ended in the last control step, shape ``(n,)``; ``goals.n_steps``, where
            nothing is due, when none has.
        observation: arrays as in ``sim.Environment``, each with a leading axis ``n``.
        reward_terms: terms of the last reward by name, each of shape ``(n,)``.
        step_index: control step each environment is at, shape ``(n,)``.
        done: whether the last row has ended in each environment, shape ``(n,)`` bool.
    """

    def __init__(
        self,
        models: PlayableModel | Sequence[PlayableModel],
        goals: Goals,
        n: int,
        start: ArrayLike,
        threads: int = 0,
        *,
        lead_s: float = 0.0,
    ) -> None:
        """Make ``n`` environments.

        Args:
            models: the rig, or one model with its physics parameters for each environment.
            goals: the song.
            n: number of environments.
            start: joint positions at control step 0, shape ``(n_joints,)``.
            threads: number of threads, 0 for one a core.
            lead_s: the command delay that is led; each model has its own, which may differ.

        Raises:
            SimError: goals for another keyboard, a negative lead, a rig whose controllers
                interpolate.
        """
        self.lead = Lead.of(lead_s)
        each = [models] * n if isinstance(models, PlayableModel) else list(models)
        self.model, self.goals, self.n = each[0], goals, n
        check_goals(self.model, goals)
        self._start = np.array(start, float)
        self._limits = self.model.limits
        self._batch = Batch(self.model.mj, n, threads, persistent=True)
        if not isinstance(models, PlayableModel):
            self._batch.set_models([model.mj for model in each])
        self._offset = np.stack([model.joint_offset for model in each])
        self._trigger_rad = np.stack([m.key_trigger * m.key_travel_rad for m in each])
        release_rad = np.stack([m.key_release * m.key_travel_rad for m in each])
        self._keys = KeyHistory(self._trigger_rad, release_rad, self.lead)
        if (self.model.ramp_steps > 1).any():
            raise SimError(
                f"rig {self.model.rig.name} has controllers that interpolate: they are simulated "
                "one environment at a time only; set ramp_s to 0 for training"
            )
        delays_s = [model.command_delay_s for model in each]
        self._commands = DelayLines(delays_s, self.model.n_joints) if any(delays_s) else None
        self._bind()
        self._allocate()
        self.reset(np.arange(n))

    def _bind(self) -> None:
        batch = self._batch
        self._qpos, self._qvel, self._ctrl = (batch.bind(f) for f in ("qpos", "qvel", "ctrl"))
        self._sites = batch.bind("site_xpos")
        keys = self.model.key_geoms  # in one run: a view, not a copy every step
        self._key_centers = batch.bind("geom_xpos")[:, keys[0] : keys[-1] + 1]
        self._force = batch.bind("actuator_force")
        self._applied = batch.bind("qfrc_applied")
        self._sensors = None if self.model.forearm_sensor is None else batch.bind("sensordata")

    def _allocate(self) -> None:
        n, model = self.n, self.model
        self._track = {"qpos": np.empty((n, PHYSICS_STEPS_PER_CONTROL, model.mj.nq))}
        self._half_sizes = model.mj.geom_size[model.key_geoms]
        due = np.append(self.goals.sustain, False)
        self._sustain = np.stack([sustain(due, np.full(len(due), down)) for down in (False, True)])
        self._goal_rows = np.concatenate(
            [self.goals.keys, np.zeros((LOOKAHEAD + 2, model.n_keys), bool)]
        )
        self.step_index = np.zeros(n, np.intp)
        self.rows = np.full(n, self.goals.n_steps)
        self.done = np.zeros(n, bool)
        self.reward_terms: dict[str, Floats] = {}
        self.observation: dict[str, NDArray[Any]] = {
            "joint_positions": np.empty((n, model.n_joints)),
            "joint_velocities": np.empty((n, model.n_joints)),
            "joint_targets": np.tile(self._start, (n, 1)),
            "keys": np.zeros((n, model.n_keys), bool),
            "goal": np.empty((n, LOOKAHEAD + 1, model.n_keys), bool),
            "score_time_s": np.empty((n, 1)),
        }

    def reset(
        self,
        ids: NDArray[np.intp],
        states: SongStates | None = None,
        rows: NDArray[np.intp] | None = None,
    ) -> None:
        """Start the song again in the environments ``ids``, or go on from rows of ``states``."""
        batch, model, where = self._batch, self.model, ids.astype(np.int32)
        batch.reset(ids=where, stage=mujoco.mjtStage.mjSTAGE_NONE.value)
        offset = self._offset[ids]
        held = np.broadcast_to(self._start, offset.shape)
        self.step_index[ids], self.done[ids] = 0, False
        self.rows[ids] = self.goals.n_steps
        sounding = None
        if states is not None and rows is not None:
            self._qpos[ids], self._qvel[ids] = states.qpos[rows], states.qvel[rows]
            sounding = states.sounding[rows]
            held = states.targets[rows]
            self.step_index[ids] = rows
        else:
            start = self._qpos[ids]
            model.put(start, held)
            self._qpos[ids] = start
        self._qpos[np.ix_(ids, model.joint_qpos)] += offset
        self._ctrl[np.ix_(ids, model.actuators)] = held + offset
        batch.forward(ids=where)
        if self._commands:
            self._commands.fill(ids, self._sent_before(ids, states, rows))
        self._keys.restart(ids, sounding)
        self.observation["joint_targets"][ids] = held
        self._observe()

    def _sent_before(
        self, ids: NDArray[np.intp], states: SongStates | None, rows: NDArray[np.intp] | None
    ) -> Floats:
        """Targets that may be under way when episodes begin, for ``DelayLines.fill``."""
        offset = self._offset[ids][:, None]
        if self._commands is None or states is None or rows is None:
            return self._start + offset
        return states.targets[np.maximum(rows[:, None] - self._commands.ages, 0)] + offset

    def step(self, actions: Floats) -> tuple[dict[str, NDArray[Any]], Floats, NDArray[np.bool_]]:
        """Hold joint targets, shape ``(n, n_joints)``, for one control step in all environments.

        An environment past its last step goes on with nothing due until it is reset.

        Returns:
            Observation, reward of shape ``(n,)``, and ``done``.
        """
        model = self.model
        targets = self.observation["joint_targets"]
        positions = self.observation["joint_positions"]
        self._limits.limit(actions, targets, positions, out=targets)
        control = None
        if self._commands:
            control = self._commands.shift(targets + self._offset)
        else:
            self._ctrl[:, model.actuators] = targets + self._offset
        keep_pressed_keys_awake(
            self._qpos[:, model.key_qpos], model.key_travel_rad, self._applied[:, model.key_qpos]
        )
        self._batch.rollout(PHYSICS_STEPS_PER_CONTROL, control, record=("qpos",), out=self._track)
        self._keys.add(self._track["qpos"][:, :, model.key_qpos])
        n_steps, ended = self.goals.n_steps, self.step_index - self.lead.rows
        np.copyto(self.rows, np.where(ended < 0, n_steps, np.minimum(ended, n_steps)))
        reward = self._reward()
        self.step_index += 1
        np.greater_equal(self.step_index, n_steps + self.lead.rows, out=self.done)
        self._observe()
        return self.observation, reward, self.done

    def events(self, index: int) -> list[KeyEvent]:
        """Key events of the last control step of one environment, in score time.

        Times before score time 0 are negative, see ``score.since_zero``.
        """
        sounding = self._keys.control_step[index]
        first = int(self.step_index[index] - 1) * PHYSICS_STEPS_PER_CONTROL
        changes = np.argwhere(sounding[1:] != sounding[:-1])
        return [
            KeyEvent(
                (first + int(s) + 1) * PHYSICS_STEP_S - self.lead.seconds,
                int(k),
                bool(sounding[s + 1, k]),
            )
            for s, k in changes
        ]

    @property
    def key_depth(self) -> Floats:
        """How far keys are down, as a fraction of their travel, shape ``(n, n_keys)``."""
        return np.clip(self._qpos[:, self.model.key_qpos] / self.model.key_travel_rad, 0.0, 1.0)

    @property
    def row_keys(self) -> NDArray[np.bool_]:
        """Which keys sounded when the last row ended, shape ``(n, n_keys)``."""
        return self._keys.row[:, -1]

    @property
    def trigger_margin(self) -> Floats:
        """How far they were past their trigger then, in travels, negative above it."""
        angles = self._keys.row_angles[:, -1]
        return (angles - self._trigger_rad) / self.model.key_travel_rad

    @property
    def onsets(self) -> NDArray[np.intp]:
        """How often each key began to sound in the last row, shape ``(n, n_keys)``."""
        sounding = self._keys.row
        return (sounding[:, 1:] & ~sounding[:, :-1]).sum(axis=1)

    @property
    def sounding(self) -> NDArray[np.bool_]:
        """Which keys sounded after each physics step of the last row, ``(n, 10, n_keys)``."""
        return self._keys.row[:, 1:]

    @property
    def key_depths(self) -> Floats:
        """Key depth after each physics step of the last row, ``(n, 10, n_keys)``."""
        return self._keys.row_angles / self.model.key_travel_rad

    @property
    def tips(self) -> Floats:
        """Fingertips after the last step in the piano frame, ``(n, fingers, 3)`` [m]."""
        return self._sites[:, self.model.fingertip_sites]

    @property
    def pedal_down(self) -> NDArray[np.bool_]:
        """Whether the sustain pedal is down, shape ``(n,)``; of a rig without one it is up."""
        pedal = self.model.pedal
        if pedal is None:
            return np.zeros(self.n, bool)
        down: NDArray[np.bool_] = self.observation["joint_targets"][:, pedal] >= PEDAL_DOWN
        return down

    def _apart(self, tips: Floats) -> NDArray[np.bool_]:
        """Whether neither hand touches itself (one hand) or the other (two), shape ``(n,)``."""
        if self._sensors is not None:
            return self._sensors[:, self.model.forearm_sensor] == 0.0
        gaps = np.linalg.norm(tips[:, 1:] - tips[:, :-1], axis=-1)
        return (gaps >= self.model.tip_gap_m).all(axis=-1)

    def _reward(self) -> Floats:
        if self._sensors is not None:  # two hands: as published, places and contacts are those now
            self._batch.forward(stage=mujoco.mjtStage.mjSTAGE_POS.value)
        model, tips = self.model, self.tips
        goal = self._goal_rows[self.rows]
        depth = np.clip(self._keys.row_angles[:, -1] / model.key_travel_rad, 0.0, 1.0)
        servos = slice(model.pedal)
        force, velocity = self._force[:, model.actuators], model.velocities(self._qvel)
        self.reward_terms = {
            "key_press": key_press(goal, depth, self.row_keys),
            "fingering": fingering_rewards(goal, tips, self._key_centers, self._half_sizes),
            "sustain": self._sustain[self.pedal_down.astype(int), self.rows],
            "collision": np.where(self._apart(tips), COLLISION_WEIGHT, 0.0),
            "energy": energy(force[:, servos], velocity[:, servos], ENERGY_COEFFICIENT),
        }
        return sum(self.reward_terms.values(), np.zeros(self.n))

    def _observe(self) -> None:
        observation, model = self.observation, self.model
        np.subtract(model.positions(self._qpos), self._offset, out=observation["joint_positions"])
        observation["joint_velocities"][:] = model.velocities(self._qvel)
        observation["keys"][:] = self._keys.now
        rows = np.minimum(self.step_index, self.goals.n_steps)
        np.take(
            self._goal_rows,
            rows[:, None] + np.arange(LOOKAHEAD + 1),
            axis=0,
            out=observation["goal"],
        )
        np.multiply(self.step_index[:, None], CONTROL_STEP_S, out=observation["score_time_s"])
