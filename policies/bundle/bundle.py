"""A trained policy in memory, and whether it fits a rig and a song."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from policies.bundle.manifest import MAX_LAYERS, Squash
from policies.errors import BundleError
from policies.features import Features, Part
from score import CONTROL_STEP_S, Goals
from sim import ParameterError, PhysicsParameters, PlayableModel

Floats = NDArray[np.float32]
COMMAND_DELAY = "command_delay_s"
"""The physics parameter that whoever plays a bundle has a use for: it is led."""

Layer: TypeAlias = tuple[Floats, Floats]
"""Kernel ``(inputs, outputs)`` and bias ``(outputs,)``."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A network that plays one song on one rig, with all it needs and where it comes from.

    Attributes:
        song: name of the song.
        rig: name of the rig.
        rig_hash: ``Rig.hash`` of that rig.
        joint_names: joints in the order of the actions.
        control_step_s: how long an action is held [s].
        feature_blocks: size of each block of the features, in their order.
        part: the song with its plan: what features and actions refer to.
        mean: subtracted from the features, shape ``(size,)``.
        std: what they are divided by then, shape ``(size,)``.
        layers: the network; GELU between layers.
        squash: how outputs become actions in [-1, 1]: cut off, or hyperbolic tangent.
        residual: whether actions correct the plan or span the joint ranges.
        physics: physics parameters it was trained on, by name.
        training: algorithm and settings.
        seed: of the training.
        scores: how well it played when it was made.
        versions: version of each package that had a part in it.
        licence: under which it may be passed on, an SPDX expression.
        lateness_s: how much later than its control steps keys sound, command delay apart [s].
    """

    song: str
    rig: str
    rig_hash: str
    joint_names: tuple[str, ...]
    control_step_s: float
    feature_blocks: dict[str, int]
    part: Part
    mean: Floats
    std: Floats
    layers: tuple[Layer, ...]
    squash: Squash
    residual: bool
    physics: dict[str, float]
    training: dict[str, JsonValue]
    seed: int
    scores: dict[str, JsonValue]
    versions: dict[str, str]
    licence: str = "Apache-2.0"
    lateness_s: float = 0.0


def check_bundle(bundle: Bundle, model: PlayableModel, goals: Goals) -> None:
    """Refuse a bundle that was made for anything else than this song on this rig.

    Raises:
        BundleError: naming the first difference and what to do about it.
    """
    rig = model.rig
    if bundle.rig != rig.name:
        raise BundleError(
            f"trained for rig {bundle.rig!r}, not {rig.name!r}: play it with --rig {bundle.rig}"
        )
    _check_joints(bundle.joint_names, model.joint_names)
    if bundle.rig_hash != rig.hash:
        raise BundleError(
            f"rig {rig.name!r} is not as it was in training (its file changed): train it again"
        )
    limits = (bundle.part.joint_low, model.joint_low), (bundle.part.joint_high, model.joint_high)
    if not all(np.array_equal(mine, theirs) for mine, theirs in limits):
        raise BundleError("its joint limits are not those of the rig: train it again")
    if bundle.control_step_s != CONTROL_STEP_S:
        raise BundleError(
            f"trained for control steps of {bundle.control_step_s:g} s, not {CONTROL_STEP_S:g} s: "
            "train it again"
        )
    _check_delay(bundle, model)
    _check_features(bundle)
    _check_goals(bundle, goals)


def check_consistent(bundle: Bundle) -> None:
    """Check that the arrays of a bundle fit each other and hold usable numbers.

    Raises:
        BundleError: naming the array.
    """
    size, n = sum(bundle.feature_blocks.values()), len(bundle.joint_names)
    for name, array in named_arrays(bundle).items():
        if not np.isfinite(array).all():
            raise BundleError(f"{name} holds a number that is not finite")
    _check_part(bundle.part, n)
    for name, array in (("mean", bundle.mean), ("std", bundle.std)):
        _check_shape(name, array, (size,))
    if not (bundle.std > 0).all():
        raise BundleError("std is not positive everywhere")
    if not 1 <= len(bundle.layers) <= MAX_LAYERS:
        raise BundleError(f"it has {len(bundle.layers)} layers; 1 to {MAX_LAYERS} are possible")
    for index, (kernel, bias) in enumerate(bundle.layers):
        outputs = n if index == len(bundle.layers) - 1 else bias.size
        _check_shape(f"layer_{index}_kernel", kernel, (size, outputs))
        _check_shape(f"layer_{index}_bias", bias, (outputs,))
        size = outputs


def named_arrays(bundle: Bundle) -> dict[str, NDArray[np.generic]]:
    """All arrays of a bundle by the name they have in its file."""
    part = bundle.part
    arrays: dict[str, NDArray[np.generic]] = {
        "mean": bundle.mean,
        "std": bundle.std,
        "joint_low": part.joint_low,
        "joint_high": part.joint_high,
        "keys": part.keys,
        "references": part.references,
        "targets": part.targets,
    }
    for index, (kernel, bias) in enumerate(bundle.layers):
        arrays |= {f"layer_{index}_kernel": kernel, f"layer_{index}_bias": bias}
    return arrays


def _check_part(part: Part, n: int) -> None:
    if part.keys.ndim != 2 or not part.keys.any():
        raise BundleError("keys holds no goals")
    steps = len(part.keys)
    _check_shape("joint_low", part.joint_low, (n,))
    _check_shape("joint_high", part.joint_high, (n,))
    _check_shape("references", part.references, (steps, n))
    _check_shape("targets", part.targets, (steps, n))
    if not (part.joint_low < part.joint_high).all():
        raise BundleError("joint_low is not below joint_high")


def _check_shape(name: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise BundleError(f"{name} has the shape {array.shape}; {shape} fits the rest")


def _check_joints(mine: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    if mine == theirs:
        return
    if odd := sorted(set(mine) ^ set(theirs)):
        owner = "the bundle" if odd[0] in mine else "the rig"
        raise BundleError(f"joint {odd[0]!r} is in {owner} only: train it again for this rig")
    raise BundleError(f"its joints {mine} have another order on the rig: train it again")


def _check_delay(bundle: Bundle, model: PlayableModel) -> None:
    if COMMAND_DELAY not in bundle.physics:
        return
    delay_s = bundle.physics[COMMAND_DELAY]
    try:
        PhysicsParameters.nominal(model.rig).with_values(**{COMMAND_DELAY: delay_s})
    except ParameterError as error:
        raise BundleError(f"trained for {error}: train it again") from error


def _check_features(bundle: Bundle) -> None:
    mine, ours = bundle.feature_blocks, feature_sizes(bundle.part)
    if odd := next((name for name in {**ours, **mine} if mine.get(name) != ours.get(name)), None):
        raise BundleError(
            f"its features have block {odd!r} of size {mine.get(odd, 0)}, this version of "
            f"Da Capo makes {ours.get(odd, 0)}: train it again"
        )
    if list(mine) != list(ours):
        raise BundleError(f"its features have another order, {list(mine)}: train it again")


def feature_sizes(part: Part) -> dict[str, int]:
    """Size of each block of the features of a song, in their order."""
    blocks = Features(part).blocks.items()
    return {name: int(block.stop - block.start) for name, block in blocks}


def _check_goals(bundle: Bundle, goals: Goals) -> None:
    if np.array_equal(bundle.part.keys, goals.keys):
        return
    if bundle.song != goals.name:
        raise BundleError(
            f"plays {bundle.song!r}, not {goals.name!r}: give it that song, or train for this one"
        )
    raise BundleError(
        f"trained for other notes or another tempo of {goals.name!r} "
        f"({len(bundle.part.keys)} control steps, not {goals.n_steps}): train for this one"
    )
