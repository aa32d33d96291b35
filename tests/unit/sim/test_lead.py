"""Leading a delay: rows end later than control steps, and everything is judged when they do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import Plan, make_plan
from score import Goals, KeyEvent, roll_of_events, since_zero
from sim import BatchedEnvironment, Lead, RigModel, SimError, Simulator
from tests.unit.playing import RIGS, Floats, chord_score, goals_of, nominal_model

RIG = RIGS[0]
DELAYS_S = (0.0, 0.0171, 0.05, 0.0824)
leads = st.floats(0, 0.2)


@cache
def song() -> tuple[Goals, Plan]:
    """Two keys, the second twice, without a rest between."""
    goals = goals_of(chord_score((60,), (64,), (64,)), nominal_model(RIG).rig)
    return goals, make_plan(goals, nominal_model(RIG))


def late_by(delay_s: float) -> RigModel:
    return replace(nominal_model(RIG), command_delay_s=delay_s)


def targets_of(step: int) -> Floats:
    targets = song()[1].targets
    return targets[min(step, len(targets) - 1)]


def in_the_simulator(delay_s: float, steps: int) -> tuple[list[KeyEvent], Floats]:
    """Events from control step 0 on, and key angles after every physics step."""
    simulator = Simulator(late_by(delay_s))
    simulator.reset(song()[1].start)
    events, angles = [], []
    for step in range(steps):
        for _ in range(10):
            events += simulator.step(targets_of(step))
            angles.append(simulator.data.qpos[simulator.model.key_qpos].copy())
    return events, np.array(angles)


@given(lead_s=leads)
def test_a_row_ends_a_lead_later(lead_s: float) -> None:
    lead = Lead.of(lead_s)
    ends_s = 0.05 * (lead.rows - 1) + 0.005 * lead.physics_step
    assert 1 <= lead.physics_step <= 10
    assert ends_s - 1e-5 <= lead_s < ends_s + 0.005


@pytest.mark.parametrize(("lead_s", "rows", "step"), [(0, 0, 10), (0.03, 1, 6), (0.05, 1, 10)])
def test_rows_behind_by_hand(lead_s: float, rows: int, step: int) -> None:
    assert Lead.of(lead_s) == Lead(lead_s, rows, step)


@pytest.mark.parametrize("lead_s", [-0.01, float("nan"), float("inf")])
def test_a_lead_is_not_negative(lead_s: float) -> None:
    with pytest.raises(SimError, match="0 or more"):
        Lead.of(lead_s)


def test_every_row_is_judged_when_it_ends() -> None:
    """Against the simulator's events in score time, for delays and leads of any size."""
    for lead_s, delay_s in zip((0.0, 0.0171, 0.033, 0.1204), DELAYS_S, strict=True):
        goals, plan = song()
        batch = BatchedEnvironment(late_by(delay_s), goals, 1, plan.start, 1, lead_s=lead_s)
        steps = goals.n_steps + batch.lead.rows
        events, angles = in_the_simulator(delay_s, steps)
        played = batch.lead.in_score_time(events)
        roll = roll_of_events(played, goals.n_steps, goals.n_keys)
        heard: list[KeyEvent] = []
        rows, onsets = [], np.zeros(goals.n_keys, int)
        for step in range(steps):
            assert not batch.done[0]
            batch.step(targets_of(step)[None])
            heard += batch.events(0)
            row = int(batch.rows[0])
            if row == goals.n_steps:
                assert step < batch.lead.rows
                continue
            rows.append(row)
            onsets += batch.onsets[0]
            np.testing.assert_array_equal(batch.row_keys[0], roll[row])
            end = (step + 1) * 10 - 10 + batch.lead.physics_step
            window = angles[end - 10 : end] / batch.model.key_travel_rad
            np.testing.assert_array_equal(batch.key_depths[0], window)
            margin = window[-1] - batch.model.key_trigger
            np.testing.assert_allclose(batch.trigger_margin[0], margin, atol=1e-12)
        assert batch.done[0]
        assert rows == list(range(goals.n_steps))
        assert since_zero(heard) == played
        assert len(played) >= 6
        in_rows = [e.key for e in events if e.down and e.time_s - lead_s <= 0.05 * goals.n_steps]
        np.testing.assert_array_equal(onsets, np.bincount(in_rows, minlength=goals.n_keys))


@settings(max_examples=6, deadline=None)
@given(delay_s=st.floats(0.001, 0.1))
def test_a_delay_that_is_led_costs_nothing(delay_s: float) -> None:
    """An open-loop plan then plays what it plays without a delay, within a physics step."""
    goals, _ = song()
    prompt, _ = in_the_simulator(0.0, goals.n_steps)
    lead = Lead.of(delay_s)
    late, _ = in_the_simulator(delay_s, goals.n_steps + lead.rows)
    led = lead.in_score_time(late)
    assert [(e.key, e.down) for e in led] == [(e.key, e.down) for e in prompt]
    for ours, theirs in zip(led, prompt, strict=True):
        assert abs(ours.time_s - theirs.time_s) < 0.0051


def test_the_reward_is_that_of_the_row_that_ended() -> None:
    """Led exactly, key presses are worth what they are worth without a delay."""
    goals, plan = song()
    pressed = []
    for late_s in (0.0, 0.035):
        batch = BatchedEnvironment(late_by(late_s), goals, 1, plan.start, 1, lead_s=late_s)
        terms: dict[int, float] = {}
        for step in range(goals.n_steps + batch.lead.rows):
            batch.step(targets_of(step)[None])
            terms[int(batch.rows[0])] = float(batch.reward_terms["key_press"][0])
        pressed.append([terms[row] for row in range(goals.n_steps)])
    np.testing.assert_allclose(pressed[0], pressed[1], atol=1e-6)
    assert min(pressed[0]) < 1.0
