"""An excitation as files that the ordinary player plays: a song and a policy bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np

from calibration.excitation.excitation import NAME, Excitation
from policies.bundle import untrained_bundle, write_bundle
from score import make_goals, write_midi
from sim import RigModel


def write_excitation(excitation: Excitation, model: RigModel, folder: Path) -> tuple[Path, Path]:
    """Write `excitation.npz` and `excitation.mid`; older ones are replaced.

    `dacapo play excitation.mid --policy excitation.npz` plays them, in every mode.

    Args:
        excitation: what to write.
        model: the rig it was made for.
        folder: where; made when it is not there.

    Returns:
        The paths of the bundle and of the MIDI file.

    Raises:
        BundleError: the excitation is of another rig.
        MidiError: the MIDI file cannot be written.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bundle_path, midi_path = folder / f"{NAME}.npz", folder / f"{NAME}.mid"
    keyboard = model.rig.keyboard
    goals = make_goals(excitation.score, keyboard.lowest_pitch, keyboard.n_keys)
    bundle = untrained_bundle(model, goals, excitation.plan, widths=())
    silent = tuple((np.zeros_like(kernel), np.zeros_like(bias)) for kernel, bias in bundle.layers)
    write_bundle(
        replace(
            bundle,
            layers=silent,  # no corrections: it plays the plan itself
            training={"algorithm": "none", "purpose": NAME},
            versions={**bundle.versions, "mujoco": mujoco.__version__},
        ),
        bundle_path,
    )
    write_midi(excitation.score, midi_path)
    return bundle_path, midi_path
