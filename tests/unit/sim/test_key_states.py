"""Key depth and activation against golden numbers of the published code."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sim.key_states import key_depth, sounds_lab, sounds_robopianist

DATA = Path(__file__).parents[2] / "data" / "rewards"


def test_key_states_equal_robopianist() -> None:
    golden = np.load(DATA / "key_state_rp88.npz")
    travel = golden["qpos_range"][:, 1]
    depth = key_depth(golden["qpos"], travel)
    np.testing.assert_allclose(depth, golden["normalized"], rtol=0, atol=1e-12)
    # These rows lie within rounding of the threshold.
    on_edge = [f"rp_threshold_{side}_{by}" for side in ("plus", "minus") for by in ("0", "1e-12")]
    clear = ~np.isin(golden["names"], on_edge)
    assert clear.sum() == 45
    sounding = sounds_robopianist(golden["qpos"], travel)
    np.testing.assert_array_equal(sounding[clear], golden["activation"][clear])


def test_key_states_equal_the_lab_fork() -> None:
    golden = np.load(DATA / "key_state_lab49.npz")
    depth = key_depth(golden["qpos"], golden["qpos_range"][:, 1])
    np.testing.assert_allclose(depth, golden["normalized"], rtol=0, atol=1e-12)
    sounding = sounds_lab(depth, golden["threshold"][:, None])
    clear = np.abs(1.0 - depth - golden["threshold"][:, None]) > 1e-12
    assert clear.mean() > 0.5
    np.testing.assert_array_equal(sounding[clear], golden["activation"][clear])
