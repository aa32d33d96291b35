"""Vectors of free parameters and the physics parameters they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.errors import CalibrationError
from calibration.residuals import FREE, STATE_DELAY, FreeParameters
from sim import PhysicsParameters, load_rig, parameter_table, rig_names

LEAP = FreeParameters.of(load_rig("leap_rail_49"))


@pytest.mark.parametrize("rig", rig_names())
def test_all_that_is_free_starts_at_the_rig(rig: str) -> None:
    free = FreeParameters.of(load_rig(rig))
    assert free.size == len(FREE) - 1 + len(free.rig.joint_names) - 1
    nominal = PhysicsParameters.nominal(free.rig)
    again = free.parameters(free.start)
    for name, value in nominal.values.items():
        assert again.values[name] == pytest.approx(value, abs=1e-12, rel=1e-9)
    table = {entry.name: entry for entry in parameter_table(free.rig)}
    for name, (low, high) in zip(free.names, free.bounds, strict=True):
        assert low < high
        if name in table:
            assert table[name].low <= low
            assert high <= table[name].high


@given(st.lists(st.floats(-0.5, 1.5), min_size=LEAP.size, max_size=LEAP.size))
def test_every_vector_is_an_instrument(z: list[float]) -> None:
    parameters = LEAP.parameters(z)
    values = parameters.values
    assert values["key_release_fraction"] < values["key_trigger_fraction"]
    back = LEAP.vector(parameters, LEAP.state_delay_s(z))
    release = LEAP.names.index("key_release_fraction")
    kept = np.arange(LEAP.size) != release  # which the trigger may push down
    np.testing.assert_allclose(back[kept], np.clip(z, 0, 1)[kept], atol=1e-9)


def test_what_is_not_free_stays() -> None:
    center = PhysicsParameters.nominal(LEAP.rig).with_values(keyboard_x_m=0.003)
    free = FreeParameters.of(LEAP.rig, ("keyboard_z_m",), center, center_state_delay_s=0.01)
    assert free.parameters([1.0]).values["keyboard_x_m"] == 0.003
    assert free.parameters([1.0]).values["keyboard_z_m"] == 0.008
    assert free.state_delay_s([1.0]) == 0.01
    assert FreeParameters.of(LEAP.rig, (STATE_DELAY,)).state_delay_s([1.0]) == 0.05


def test_what_was_known_beyond_the_bounds_is_named() -> None:
    assert LEAP.beyond == ()
    nominal = PhysicsParameters.nominal(LEAP.rig)
    center = nominal.with_values(contact_time_constant_s=0.03, keyboard_x_m=-0.008)
    assert FreeParameters.of(LEAP.rig, FREE, center).beyond == ("contact_time_constant_s",)
    held = FreeParameters.of(LEAP.rig, ("keyboard_z_m",), center, 0.2)
    assert held.beyond == ()
    assert FreeParameters.of(LEAP.rig, (STATE_DELAY,), None, 0.2).beyond == (STATE_DELAY,)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(CalibrationError, match=r"near: .*keyboard_z_m"):
        FreeParameters.of(LEAP.rig, ("keyboard_z",))
