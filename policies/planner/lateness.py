"""How much later than they are told keys sound, on a rig that is not as its file says."""

from __future__ import annotations

from policies.evaluation import episodes
from policies.policy import Policy
from score import Goals
from sim import PlayableModel

WORTH = 0.005
"""Frame F1 that leading must gain: nominal plans are tuned to need none."""


def measure_lateness(policy: Policy, goals: Goals, model: PlayableModel) -> float:
    """What to lead beside the model's command delay, so that an open-loop plan is in time [s].

    Triggers that lie deeper and joints that are slower shift all of a performance; what cannot be
    led is early, and told as 0.
    """
    (episode,) = episodes(policy, model, goals, 1, seed=0, lead_s=model.command_delay_s)
    frame = episode.performance.frame
    gained = frame.f1_shifted - frame.f1
    return frame.shift_s if gained > WORTH and frame.shift_s > 0.0 else 0.0
