"""Playing with a bundle: a small network in NumPy, and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.bundle.bundle import COMMAND_DELAY, Bundle, Floats
from policies.errors import PolicyError
from policies.features import HISTORY, Actions, Features
from policies.policy import Observation

FEATURE_LIMIT = 8.0
"""Normalised features are cut off there: what training never saw must not run away."""

_STEP_SLACK = 1e-6  # of a control step: times on the grid belong to the step they begin
_GELU_SCALE, _GELU_CUBE = np.float32(np.sqrt(2 / np.pi)), np.float32(0.044715)
_SEEN = ("joint_positions", "joint_velocities", "keys")


class Network:
    """Normaliser, layers with GELU (tanh approximation, Hendrycks & Gimpel 2016), squash.

    All buffers are made once; a call takes no memory.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._mean, self._scale = bundle.mean, bundle.std
        self._layers, self._tanh = bundle.layers, bundle.squash == "tanh"
        self._input = np.empty(bundle.mean.size, np.float32)
        self._outputs = [np.empty(bias.size, np.float32) for _, bias in bundle.layers]
        self._inner = [np.empty_like(output) for output in self._outputs]

    def __call__(self, features: Floats) -> Floats:
        """The action in [-1, 1] for features of shape ``(size,)``; overwritten by the next call."""
        np.subtract(features, self._mean, out=self._input)
        np.divide(self._input, self._scale, out=self._input)
        np.clip(self._input, -FEATURE_LIMIT, FEATURE_LIMIT, out=self._input)
        values, last = self._input, len(self._layers) - 1
        for index, (kernel, bias) in enumerate(self._layers):
            output = self._outputs[index]
            np.dot(values, kernel, out=output)
            output += bias
            if index < last:
                _gelu(output, self._inner[index])
            values = output
        return np.tanh(values, out=values) if self._tanh else np.clip(values, -1, 1, out=values)


class BundlePolicy:
    """A trained policy. It starts afresh whenever score time goes back.

    Past actions are kept by score time: a control step that was missed counts as one in which the
    action before was held, and a second call in one step answers for that step again.

    Attributes:
        name: what performances call it.
        rig: name of the rig.
        joint_names: joints in the order of the targets.
        start: the plan's first posture, shape ``(n,)``.
        command_delay_s: of the rig that it was trained for [s].
        lateness_s: how much later than its control steps keys sound, command delay apart [s].
    """

    def __init__(self, bundle: Bundle, name: str = "bundle") -> None:
        self.name, self.rig, self.joint_names = name, bundle.rig, bundle.joint_names
        self.start: NDArray[np.float64] = bundle.part.references[0]
        self.command_delay_s = bundle.physics.get(COMMAND_DELAY, 0.0)
        self.lateness_s = bundle.lateness_s
        self._features, self._network = Features(bundle.part), Network(bundle)
        self._actions = Actions(bundle.part, bundle.joint_names, bundle.residual)
        self._control_step_s = bundle.control_step_s
        n = len(bundle.joint_names)
        self._past = np.zeros((1, 1 + HISTORY, n), np.float32)  # row 0: of this step
        self._input = np.zeros((1, self._features.size), np.float32)
        self._seen = {"score_time_s": np.zeros((1, 1))}
        self._row = np.zeros((), np.intp)
        self._step = -1

    def __call__(self, observation: Observation) -> NDArray[np.float64]:
        """Joint targets to hold for the coming control step, shape ``(n,)``.

        Raises:
            PolicyError: a state that is not finite; the hand must not follow it.
        """
        score_time_s = float(observation["score_time_s"][0])
        self._go_to(max(int(score_time_s / self._control_step_s + _STEP_SLACK), 0))
        for name in _SEEN:
            self._seen[name] = observation[name][None]
        self._seen["score_time_s"][0, 0] = self._step * self._control_step_s
        self._features(self._seen, self._past[:, 1:], self._input)
        action = self._network(self._input[0])
        if not np.isfinite(action).all():
            raise PolicyError(_complaint(observation))
        self._past[0, 0] = action
        self._row[...] = self._step
        return self._actions.targets(action, self._row)

    def _go_to(self, step: int) -> None:
        """Make ``step`` the present one; what was done in the steps before becomes the past."""
        if step == 0 or step < self._step:
            self._past[:], self._step = 0.0, -1
        for _ in range(min(step - self._step, 1 + HISTORY)):
            self._past[0, 1:] = self._past[0, :-1].copy()
        self._step = step


def _gelu(values: Floats, inner: Floats) -> None:
    """In place: ``x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))``; ``inner`` is scratch."""
    np.multiply(values, values, out=inner)
    inner *= _GELU_CUBE
    inner += 1
    inner *= values
    inner *= _GELU_SCALE
    np.tanh(inner, out=inner)
    inner += 1
    values *= inner
    values *= np.float32(0.5)


def _complaint(observation: Observation) -> str:
    odd = [name for name in _SEEN if not np.isfinite(observation[name]).all()]
    if odd:
        return f"{odd[0]} is not finite: check the rig's joint states; the hand was not moved"
    return "the policy's answer is not finite: its weights are unusable, train it again"
