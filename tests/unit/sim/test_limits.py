"""The function that every joint target goes through."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim import SimError, limit_targets

LOW, HIGH = np.array([-0.3, -0.5, 0.0]), np.array([0.3, 1.5, 2.0])


@given(arrays(np.float64, (4, 3), elements=st.floats(-1e6, 1e6)))
def test_targets_end_up_within_the_limits_and_are_left_alone_there(targets: np.ndarray) -> None:
    limited = limit_targets(targets, LOW, HIGH)
    assert ((limited >= LOW) & (limited <= HIGH)).all()
    inside = (targets >= LOW) & (targets <= HIGH)
    assert (limited[inside] == targets[inside]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_target_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(SimError, match="not finite"):
        limit_targets(np.array([0.0, bad, 0.0]), LOW, HIGH)


def test_too_few_targets_are_refused() -> None:
    with pytest.raises(SimError, match="1 joint targets for 3 joints"):
        limit_targets(np.zeros(1), LOW, HIGH)
