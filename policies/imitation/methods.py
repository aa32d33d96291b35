"""The methods by the names that the command line and bundles use."""

from __future__ import annotations

import numpy as np

from policies.errors import PolicyError
from policies.imitation.bc import BehaviourCloning
from policies.imitation.bc_rnn import RecurrentCloning
from policies.imitation.diffusion import DiffusionPolicy
from policies.imitation.fingers import Fingers
from policies.imitation.hand_cloning import HandCloning
from policies.imitation.implicit_bc import ImplicitCloning
from policies.imitation.method import Method
from policies.imitation.sight import Everything, Sight
from score import LOOKAHEAD
from sim.pair import PairModel

METHODS: dict[str, Method] = {
    "bc-256": BehaviourCloning((256, 256)),
    "bc-1024": BehaviourCloning((1024, 1024)),
    "bc-4096": BehaviourCloning((4096, 4096), learning_rate=1e-4),
    "implicit-bc": ImplicitCloning(),
    "bc-rnn": RecurrentCloning(),
    "diffusion": DiffusionPolicy(),
    "bc-fingers": HandCloning((512, 512)),
}

FINGERS = ("bc-fingers",)
"""Those that are shown what each finger has to do; the others see the observation as it is."""


def method_named(name: str) -> Method:
    """A method by name.

    Raises:
        PolicyError: there is none of that name.
    """
    if name not in METHODS:
        raise PolicyError(f"no method {name!r}: choose one of {', '.join(METHODS)}")
    return METHODS[name]


def sight_of(name: str, model: PairModel) -> Sight:
    """What a method is shown on a rig."""
    return Fingers(model) if name in FINGERS else Everything(len(model.action_names))


def shown_size(name: str, model: PairModel) -> int:
    """How many numbers a method is shown on a rig."""
    sight, rows = sight_of(name, model), LOOKAHEAD + 1
    goals = np.zeros(rows * (model.n_keys + 1), np.int8)
    tips, joints = 3 * len(model.fingertip_sites), len(model.joint_names)
    states = np.zeros(model.n_keys + 1 + tips + joints, np.float32)
    return sight.see(goals, states, sight.match(goals, states)).size
