"""Choosing the keyboard among the ports, and knowing it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import KeyboardError
from hardware.keyboard.ports import choose_port, keyboards, same_keyboard

THROUGH = "Midi Through:Midi Through Port-0 14:0"
KEYSTATION = "Keystation 49:Keystation 49 MIDI 1 24:0"
PIANO = "Digital Piano:Digital Piano MIDI 1 28:0"


def test_the_only_keyboard_needs_no_name() -> None:
    assert keyboards([THROUGH, KEYSTATION]) == (KEYSTATION,)
    assert choose_port([THROUGH, KEYSTATION], "") == KEYSTATION


def test_part_of_the_name_is_enough_in_any_case() -> None:
    assert choose_port([THROUGH, KEYSTATION, PIANO], "keySTATION") == KEYSTATION


def test_two_keyboards_are_both_named() -> None:
    with pytest.raises(KeyboardError, match="2 keyboards match") as caught:
        choose_port([THROUGH, KEYSTATION, PIANO], "")
    assert KEYSTATION in str(caught.value)
    assert PIANO in str(caught.value)
    assert "Through" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "pattern", "says"),
    [
        ([], "", "no keyboard: there is no MIDI port at all: plug it in"),
        ([THROUGH], "", "no keyboard: there is no MIDI port at all"),
        ([PIANO], "keystation", "no keyboard matches 'keystation': there is 'Digital Piano"),
    ],
)
def test_no_keyboard_says_what_there_is(names: list[str], pattern: str, says: str) -> None:
    with pytest.raises(KeyboardError, match=says):
        choose_port(names, pattern)


def test_a_keyboard_is_known_again_by_its_name_without_numbers() -> None:
    again = KEYSTATION.replace("24:0", "32:0")
    assert same_keyboard(KEYSTATION, [THROUGH, again]) == again
    assert same_keyboard(KEYSTATION, [THROUGH, KEYSTATION, again]) == KEYSTATION


def test_a_keyboard_that_is_gone_or_ambiguous_is_not_guessed() -> None:
    twins = [KEYSTATION.replace("24:0", f"{n}:0") for n in (32, 36)]
    assert same_keyboard(KEYSTATION, [THROUGH, PIANO]) is None
    assert same_keyboard(KEYSTATION, twins) is None


@given(st.lists(st.text(max_size=12), max_size=5), st.text(max_size=4))
def test_a_choice_is_one_of_the_ports_or_an_error(names: list[str], pattern: str) -> None:
    try:
        chosen = choose_port(names, pattern)
    except KeyboardError:
        return
    assert chosen in names
    assert pattern.lower() in chosen.lower()
