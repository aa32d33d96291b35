"""A tiny policy that was never trained."""

from __future__ import annotations

import numpy as np

from policies.imitation.bc import BehaviourCloning
from policies.imitation.bundle import ImitationBundle
from policies.imitation.method import Method
from policies.imitation.methods import sight_of
from policies.imitation.normaliser import fitted
from policies.imitation.sight import Shown
from policies.imitation.songs import Songs
from sim.pair import PairModel

TINY = BehaviourCloning((8,), batch_size=8)


def bundle_of(
    model: PairModel, songs: Songs, name: str = "bc-256", method: Method = TINY
) -> ImitationBundle:
    sight = sight_of(name, model)
    normaliser = fitted([Shown.of(rollouts, sight) for rollouts in songs.rollouts.values()])
    shapes = method.shapes(normaliser.mean.size, len(model.action_names))
    rng = np.random.default_rng(0)
    return ImitationBundle(
        method=name,
        rig=model.rig.name,
        rig_hash=model.rig.hash,
        joint_names=model.joint_names,
        action_names=model.action_names,
        stretch=1.25,
        normaliser=normaliser,
        parameters={n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()},
        training={"dataset": "tiny.zarr"},
        seed=0,
        scores={},
        versions={"numpy": np.__version__},
    )
