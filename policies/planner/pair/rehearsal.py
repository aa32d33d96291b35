"""The song played once in the simulator: what the controllers command becomes the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import mujoco
import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.controller import Controller, Hands, Memory
from score import Goals
from sim import PlayablePair, Simulator

Floats = NDArray[np.float64]

OnProgress: TypeAlias = Callable[[float], None]
"""Is told the share of the song that is planned, 0 to 1."""

AHEAD_STEPS, KEPT_STEPS = 10, 4
"""How far controllers are compared, and how far the best one then plays: about a note, for
what a hand does now is often heard only in the next one."""

_LATER_WEIGHT = 0.7
"""Worth of a step beyond those that are kept, which will be played again."""

_LEAST_GAIN = 1e-9


@dataclass(frozen=True)
class Rehearsal:
    """What was commanded, reached and heard.

    Attributes:
        targets: of all joints in each step, shape ``(T, n)`` [rad, m for slides].
        references: where joints were at the end of each step, the start for the first; same shape.
        frame_f1: of what was heard.
    """

    targets: Floats
    references: Floats
    frame_f1: float


@dataclass(frozen=True)
class _Take:
    """What one controller made of the next steps: a row for each step that would be kept.

    Attributes:
        targets: as in ``Rehearsal``.
        reached: joint positions at the end of each step.
        f1: of each step.
        value: F1 of all steps tried, weighted; 1 for each weight where nothing is wrong.
        memory: the controller's after the kept steps.
    """

    targets: Floats
    reached: Floats
    f1: Floats
    value: float
    memory: Memory


class Rehearsing:
    """A song being rehearsed with one controller or several, which know different ways to play."""

    def __init__(
        self, goals: Goals, model: PlayablePair, controllers: Sequence[Controller]
    ) -> None:
        self._goals, self._model = goals, model
        self._controllers = list(controllers)  # who played last comes first
        self._ahead = AHEAD_STEPS if len(controllers) > 1 else KEPT_STEPS
        # Where the song is, a trial on from there, and after the kept steps of it and the best.
        self._now, self._trial, self._after, self._best = (Simulator(model) for _ in range(4))

    def __call__(self, start: Floats, on_progress: OnProgress = lambda share: None) -> Rehearsal:
        """Play from a posture of shape ``(n,)``, step by step, as who plays the plan will."""
        self._now.reset(start)
        takes, memory, step = list[_Take](), self._controllers[0].begin(1), 0
        while step < self._goals.n_steps:
            takes.append(self._play_on(step, memory))
            memory, step = takes[-1].memory, step + len(takes[-1].f1)
            on_progress(step / self._goals.n_steps)
        targets, reached, f1 = (
            np.concatenate([getattr(take, name) for take in takes])
            for name in ("targets", "reached", "f1")
        )
        reached[0] = start  # where whoever plays it begins
        within = np.clip(reached, self._model.joint_low, self._model.joint_high)
        return Rehearsal(targets, within, float(f1.mean()))

    def _play_on(self, step: int, memory: Memory) -> _Take:
        """The best way on. Who played last is asked first, and alone if it makes no mistake."""
        steps = range(step, min(step + self._ahead, self._goals.n_steps))
        weights = np.where(np.arange(len(steps)) < KEPT_STEPS, 1.0, _LATER_WEIGHT)
        best, who = self._try(0, memory, steps, weights), 0
        self._best, self._after = self._after, self._best
        for index in range(1, len(self._controllers)):
            if best.value > weights.sum() - _LEAST_GAIN:
                break
            take = self._try(index, memory, steps, weights)
            if take.value > best.value + _LEAST_GAIN:
                best, who = take, index
                self._best, self._after = self._after, self._best
        self._now, self._best = self._best, self._now
        self._controllers.insert(0, self._controllers.pop(who))
        return best

    def _try(self, index: int, memory: Memory, steps: range, weights: Floats) -> _Take:
        """Play steps with one controller; ``_after`` is then where the kept ones end."""
        controller, simulator = self._controllers[index], self._trial
        simulator.resume(self._now)
        rows = []
        for step in steps:
            hands, memory = controller(step, self._hands(), memory)
            rows.append(self._step(step, hands[0]))
            if len(rows) == min(KEPT_STEPS, len(steps)):
                self._after.resume(simulator)
                kept_memory = memory
        targets, reached, f1 = (np.array(column) for column in zip(*rows, strict=True))
        kept = slice(0, KEPT_STEPS)
        return _Take(targets[kept], reached[kept], f1[kept], float(f1 @ weights), kept_memory)

    def _hands(self) -> Hands:
        """The hands of the trial, tips as they are now."""
        simulator = self._trial
        mujoco.mj_kinematics(self._model.mj, simulator.data)
        return Hands(
            simulator.joint_positions[None, :-1],
            simulator.joint_velocities[None, :-1],
            simulator.fingertips[None],
            simulator.keys_down[None],
        )

    def _step(self, step: int, hands: Floats) -> tuple[Floats, Floats, float]:
        """Targets, joint positions then, and F1 of a step of the trial."""
        simulator, due = self._trial, self._goals.keys[step]
        targets = np.append(hands, float(self._goals.sustain[step]))
        simulator.advance(targets)
        down = simulator.keys_down
        total = int(due.sum() + down.sum())
        f1 = 2 * int((due & down).sum()) / total if total else 1.0
        return targets, simulator.joint_positions, f1
