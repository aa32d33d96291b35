"""The methods by the names that the command line and bundles use."""

from __future__ import annotations

from policies.errors import PolicyError
from policies.imitation.bc import BehaviourCloning
from policies.imitation.bc_rnn import RecurrentCloning
from policies.imitation.diffusion import DiffusionPolicy
from policies.imitation.implicit_bc import ImplicitCloning
from policies.imitation.method import Method

METHODS: dict[str, Method] = {
    "bc-256": BehaviourCloning((256, 256)),
    "bc-1024": BehaviourCloning((1024, 1024)),
    "bc-4096": BehaviourCloning((4096, 4096), learning_rate=1e-4),
    "implicit-bc": ImplicitCloning(),
    "bc-rnn": RecurrentCloning(),
    "diffusion": DiffusionPolicy(),
}


def method_named(name: str) -> Method:
    """A method by name.

    Raises:
        PolicyError: there is none of that name.
    """
    if name not in METHODS:
        raise PolicyError(f"no method {name!r}: choose one of {', '.join(METHODS)}")
    return METHODS[name]
