"""Comparing what was sent with what arrived."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import KeyboardError
from hardware.keyboard.bench import LAP, LOWEST_PITCH, N_KEYS, compare, message
from hardware.keyboard.decode import MidiDecoder, MidiEvent

STEP_NS = 5_000_000


def arrived(numbers: list[int], late_ns: int = 1000) -> list[MidiEvent]:
    """The events of these numbers, each so late after its sending, in this order."""
    decoder = MidiDecoder(LOWEST_PITCH, N_KEYS)
    return [decoder.decode(message(n), n * STEP_NS + late_ns, 0.0)[0] for n in numbers]


def sent(events: int) -> np.ndarray:
    return np.arange(events, dtype=np.int64) * STEP_NS


def test_no_two_messages_of_a_lap_are_alike() -> None:
    assert len({message(number) for number in range(LAP)}) == LAP
    assert message(LAP) == message(0)


def test_all_arrived() -> None:
    result = compare(sent(2 * LAP), arrived(list(range(2 * LAP))))
    assert (result.lost, result.duplicated, result.replaced, result.disordered) == (0, 0, 0, 0)
    assert set(result.delay_ns) == {1000}


@pytest.mark.parametrize(
    ("numbers", "lost", "duplicated", "disordered"),
    [
        ([0, 1, 3, 4], 1, 0, 0),
        ([0, 1, 2, 2, 3, 4], 0, 1, 0),
        ([0, 1, 1, 3, 4], 1, 1, 0),  # an old one in place of a new one
        ([0, 2, 1, 3, 4], 0, 0, 1),
        ([4], 4, 0, 0),
    ],
)
def test_what_went_wrong_is_counted(
    numbers: list[int], lost: int, duplicated: int, disordered: int
) -> None:
    result = compare(sent(5), arrived(numbers))
    assert (result.lost, result.duplicated, result.disordered) == (lost, duplicated, disordered)
    assert result.replaced == min(lost, duplicated)


def test_losses_are_found_after_a_whole_lap() -> None:
    missing = {5, LAP - 1, LAP, LAP + 5}
    result = compare(sent(2 * LAP), arrived([n for n in range(2 * LAP) if n not in missing]))
    assert (result.lost, result.duplicated) == (4, 0)
    assert set(result.delay_ns) == {1000}


@given(st.sets(st.integers(0, 299), max_size=20))
def test_losses_anywhere_are_counted_and_harm_no_delay(missing: set[int]) -> None:
    events = 300
    numbers = [n for n in range(events) if n not in missing]
    result = compare(sent(events), arrived(numbers))
    assert (result.lost, result.duplicated) == (len(missing), 0)
    assert set(result.delay_ns) == {1000}


def test_silence_is_an_error() -> None:
    with pytest.raises(KeyboardError, match="no event arrived"):
        compare(sent(5), [])
