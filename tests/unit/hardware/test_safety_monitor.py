"""The states of a hand, on a clock that the tests turn by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.safety import MotorRating, SafetyMonitor, SafetyState

MS = 1_000_000
RATINGS = (MotorRating("rail", 1.78, 0.55), MotorRating("if_mcp", 1.8, 0.55))


@pytest.fixture
def monitor() -> SafetyMonitor:
    """Active since time 0."""
    monitor = SafetyMonitor(RATINGS)
    monitor.reset(0)
    assert monitor.command(0)
    return monitor


def test_a_hand_is_limp_until_it_is_reset() -> None:
    monitor = SafetyMonitor(RATINGS)
    decision = monitor.decide(0)
    assert decision.state is SafetyState.LIMP
    assert not decision.current_limits_a.any()
    assert not monitor.command(0)
    assert not monitor.rest(0)
    monitor.reset(0)
    assert monitor.decide(0).state is SafetyState.HELD
    assert monitor.command(0)
    assert monitor.decide(0).state is SafetyState.ACTIVE


@pytest.mark.parametrize(
    ("silent_ms", "state"),
    [(99, SafetyState.ACTIVE), (100, SafetyState.HELD), (999, SafetyState.HELD)],
)
def test_a_silent_policy_holds_the_hand_and_its_next_command_moves_it(
    monitor: SafetyMonitor, silent_ms: int, state: SafetyState
) -> None:
    assert monitor.decide(silent_ms * MS).state is state
    assert monitor.command(silent_ms * MS)
    assert monitor.decide((silent_ms + 99) * MS).state is SafetyState.ACTIVE


def test_after_a_second_of_silence_only_a_reset_helps(monitor: SafetyMonitor) -> None:
    decision = monitor.decide(1000 * MS)
    assert decision.state is SafetyState.LIMP
    assert "no command for 1 s" in decision.reason
    assert "dacapo hand release" in decision.reason
    assert not monitor.command(1001 * MS)
    assert monitor.decide(1001 * MS).state is SafetyState.LIMP
    assert not monitor.rest(1001 * MS)
    monitor.reset(1002 * MS)
    assert monitor.command(1002 * MS)
    assert monitor.decide(1002 * MS).state is SafetyState.ACTIVE


def test_a_rest_is_no_silence(monitor: SafetyMonitor) -> None:
    assert monitor.rest(50 * MS)
    for at_ms in (51, 1050, 3_600_000):
        decision = monitor.decide(at_ms * MS)
        assert (decision.state, decision.accepts) == (SafetyState.HELD, True)
    assert monitor.command(3_600_001 * MS)
    assert monitor.decide(3_600_001 * MS).state is SafetyState.ACTIVE
    assert monitor.decide(3_601_001 * MS).state is SafetyState.LIMP


def test_a_reset_leads_to_a_rest() -> None:
    monitor = SafetyMonitor(RATINGS)
    monitor.reset(0)
    assert monitor.decide(0).state is SafetyState.HELD
    assert monitor.decide(3_600_000 * MS).accepts


def test_a_stop_ends_a_rest(monitor: SafetyMonitor) -> None:
    monitor.rest(0)
    monitor.decide(5000 * MS)
    monitor.stop("a person pressed stop")
    assert not monitor.rest(5001 * MS)
    assert monitor.decide(5001 * MS).state is SafetyState.HELD
    assert monitor.decide(5801 * MS).state is SafetyState.HELD
    assert monitor.decide(6001 * MS).state is SafetyState.LIMP


def test_a_hand_that_rests_is_watched(monitor: SafetyMonitor) -> None:
    monitor.rest(0)
    monitor.health([30, 30], [5.0, 3.3])
    assert not monitor.command(2000 * MS)
    assert "if_mcp at 3.3 V" in monitor.decide(4000 * MS).reason
    monitor.fault("if_mcp reports overload")
    assert monitor.decide(4001 * MS).state is SafetyState.LIMP


def test_a_command_that_comes_too_late_does_not_wake_the_hand(monitor: SafetyMonitor) -> None:
    assert not monitor.command(5000 * MS)  # nobody asked for a decision in between
    assert monitor.decide(5000 * MS).state is SafetyState.LIMP


def test_stop_holds_at_once_takes_no_command_and_ends_limp(monitor: SafetyMonitor) -> None:
    monitor.command(50 * MS)
    monitor.stop("/hand/stop was called")
    assert not monitor.command(60 * MS)
    held = monitor.decide(60 * MS)
    assert (held.state, held.accepts) == (SafetyState.HELD, False)
    assert held.reason.startswith("/hand/stop was called")
    np.testing.assert_array_equal(held.current_limits_a, [0.55, 0.55])
    limp = monitor.decide(1050 * MS)
    assert limp.state is SafetyState.LIMP
    assert limp.reason.startswith("/hand/stop was called")


def test_after_an_overload_nothing_moves_before_a_reset(monitor: SafetyMonitor) -> None:
    monitor.fault("if_mcp reports overload")
    monitor.fault("the bus is gone")
    decision = monitor.decide(MS)
    assert decision.state is SafetyState.LIMP
    assert decision.reason.startswith("if_mcp reports overload")
    assert not monitor.command(2 * MS)
    monitor.stop("a person pressed stop")
    assert monitor.decide(3 * MS).state is SafetyState.LIMP
    monitor.reset(4 * MS)
    assert monitor.command(4 * MS)


def test_a_low_supply_holds_while_it_lasts(monitor: SafetyMonitor) -> None:
    monitor.health([30, 30], [5.0, 3.3])
    assert not monitor.command(10 * MS)
    decision = monitor.decide(20 * MS)
    assert decision.state is SafetyState.HELD
    assert "if_mcp at 3.3 V" in decision.reason
    for at_ms in range(50, 3000, 50):  # a policy that plays on keeps it held, not limp
        monitor.command(at_ms * MS)
        assert monitor.decide(at_ms * MS).state is SafetyState.HELD
    monitor.health([30, 30], [5.0, 5.0])
    assert monitor.command(3000 * MS)
    assert monitor.decide(3000 * MS).state is SafetyState.ACTIVE


def test_a_motor_about_to_shut_down_makes_the_hand_limp_before(monitor: SafetyMonitor) -> None:
    monitor.health([64.9, 30], [5, 5])
    assert monitor.decide(MS).state is SafetyState.ACTIVE
    monitor.health([65.0, np.nan], [5, np.nan])
    decision = monitor.decide(2 * MS)
    assert decision.state is SafetyState.LIMP
    assert "rail at 65 degC" in decision.reason
    monitor.health([40.0, 30], [5, 5])
    assert monitor.decide(3 * MS).state is SafetyState.LIMP


def test_a_reset_cools_no_motor(monitor: SafetyMonitor) -> None:
    for at_ms in range(0, 5000, 10):
        monitor.command(at_ms * MS)
        monitor.measured(at_ms * MS, [0.0, 1.8])
    hot = monitor.heat
    monitor.reset(5000 * MS)
    assert monitor.command(5000 * MS)
    np.testing.assert_array_equal(monitor.heat, hot)
    decision = monitor.decide(5000 * MS)
    assert decision.state is SafetyState.ACTIVE
    np.testing.assert_allclose(decision.current_limits_a, [1.78, 0.55])
    assert decision.reason == "if_mcp drew much current for long"


ACTS = st.sampled_from(
    ["command", "rest", "stop", "fault", "reset", "sag", "supply", "wait", "long wait"]
)


@given(st.lists(st.tuples(ACTS, st.integers(0, 120))))
def test_no_sequence_of_events_moves_a_hand_that_needs_a_reset(acts: list[tuple[str, int]]) -> None:
    monitor, now_ns, locked, rested = SafetyMonitor(RATINGS), 0, True, False
    for act, wait_ms in acts:
        now_ns += wait_ms * MS + (act == "long wait") * 1000 * MS
        rested = rested and act not in ("command", "stop", "fault")
        if act == "command":
            followed = monitor.command(now_ns)
            assert not (followed and locked)
            assert not followed or monitor.decide(now_ns).state is SafetyState.ACTIVE
        elif act == "stop":
            monitor.stop("stop")
        elif act == "fault":
            monitor.fault("fault")
        elif act == "reset":
            monitor.reset(now_ns)
            rested = True
        elif act == "rest":
            rested = monitor.rest(now_ns)
            assert not (rested and locked)
        elif act in ("sag", "supply"):
            monitor.health([30, 30], [5.0, 3.0 if act == "sag" else 5.0])
        decision = monitor.decide(now_ns)
        locked = (act in ("stop", "fault") or locked) and act != "reset"
        locked = locked or decision.state is SafetyState.LIMP
        assert decision.accepts == (not locked)
        assert bool(decision.current_limits_a.any()) == (decision.state is not SafetyState.LIMP)
        assert not rested or decision.state is SafetyState.HELD
        if decision.state is not SafetyState.ACTIVE:
            assert decision.reason
            assert (decision.current_limits_a <= 0.55).all()
