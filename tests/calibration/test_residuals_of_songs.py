"""A whole song in a world with jitter and noise: what is left at the truth is what they make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.recordings import read_recording
from calibration.residuals import FreeParameters, Objective, Segment, choose, segments_of
from calibration.virtual import play_virtual
from hardware.world import World
from hardware.world.physics import true_parameters
from sim import build_model, load_rig

RIG = load_rig("leap_rail_49")
NOISY = World.model_validate(
    {
        "schema": 1,
        "name": "noisy",
        "seed": 7,
        "hand": {"frictionloss_scale": 1.5, "damping_scale": 1.2, "offset_std_rad": 0.005},
        "keyboard": {"offset_m": [0.001, -0.001, 0.001], "stiffness_scale": 1.3},
        "timing": {"command_delay_s": 0.028, "state_delay_s": 0.008, "jitter_s": 0.002},
        "sensing": {"encoder_noise_rad": 0.001},
    }
)


@pytest.fixture(scope="module")
def split(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    out = tmp_path_factory.mktemp("runs")
    model = build_model(RIG)
    _, folder = play_virtual("ode_to_joy", model=model, policy="planner", world=NOISY, out=out)
    return choose(segments_of(read_recording(Path(folder)), RIG))


def test_noise_is_told_from_the_recording(split: tuple[tuple[Segment, ...], ...]) -> None:
    """Encoders of 1 mrad, above a floor of 1 mrad."""
    objective = Objective(RIG, split[0], FreeParameters.of(RIG))
    np.testing.assert_allclose(objective.scales.position[1:], np.sqrt(2) * 1e-3, rtol=0.25)


def test_only_noise_and_jitter_are_left_at_the_truth(
    split: tuple[tuple[Segment, ...], ...],
) -> None:
    """On what is held out as well as on what is learned from; the nominal rig is far from it."""
    free = FreeParameters.of(RIG)
    truth = free.vector(true_parameters(RIG, NOISY), NOISY.timing.state_delay_s)
    for part in split:
        objective = Objective(RIG, part, free)
        gap, nominal = objective.gap(truth), objective.gap(free.start)
        assert gap is not None
        assert nominal is not None
        assert gap.onset_mae_ms < 6.0 < nominal.onset_mae_ms
        assert gap.missed + gap.extra <= 1
        assert np.median(gap.joint_rmse[1:]) < 3e-3
        costs = objective.cost([truth, free.start])
        assert costs[0] < 0.2 * costs[1]
