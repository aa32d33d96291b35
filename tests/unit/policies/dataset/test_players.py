"""Who plays the rollouts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from policies.dataset import (
    choose_player,
    load_chunks,
)
from policies.dataset.player import PolicyPlayer
from policies.dataset.rollouts import Order, play
from policies.evaluation import evaluate
from policies.planner import make_plan
from policies.planner.pair import PairPlanParameters, make_pair_plan
from score import frame_scores
from sim.pair import PairEnvironment, load_pair
from sim.pair.playable import build_playable_pair
from tests.unit.policies.dataset.making import RIG
from tests.unit.policies.pair_planning import PHRASE, pair_goals


def test_a_plan_sees_what_it_saw_in_its_own_simulator(song: Path) -> None:
    """Played in `PairEnvironment`, a plan is heard as in the environment it was made in."""
    (chunk,) = load_chunks([str(song)], 1.0)
    model = build_playable_pair(load_pair(RIG))
    plan = make_plan(chunk.goals, model)
    player = PolicyPlayer(lambda: plan, model.pair)
    environment = PairEnvironment(model.pair, chunk.goals, player.start)
    environment.reset()
    player.reset([np.random.default_rng(0)])
    heard = np.zeros_like(chunk.goals.keys)
    for step in range(chunk.goals.n_steps):
        environment.step(player.act([environment], step)[0])
        heard[step] = environment.sounding
    expected = evaluate(plan, model, chunk.goals, 1).frame_f1
    assert frame_scores(chunk.goals.keys, heard).f1 == pytest.approx(expected, abs=1e-9)


def test_without_noise_the_planner_plays_as_rehearsed() -> None:
    """Mistakes included: one way alone makes some here."""
    goals, model = pair_goals(PHRASE[:5]), build_playable_pair(load_pair(RIG))
    rehearsed = make_pair_plan(goals, model, replace(PairPlanParameters(), ways=1)).frame_f1
    order = Order(goals, "0", RIG, None, choose_player, rollouts=1, noise=0.0, seed=0)
    assert play(order, 0)[0].f1 == pytest.approx(rehearsed, abs=1e-9)
    assert rehearsed < 1.0


def test_side_by_side_is_one_by_one(song: Path) -> None:
    """What a player thinks for several rollouts at once is what it thinks for each."""
    (chunk,) = load_chunks([str(song)], 1.0)
    model = build_playable_pair(load_pair(RIG))
    player = choose_player(chunk.goals, RIG, None)
    starts = [player.start, player.start + 0.002, player.start - 0.002]
    environments = [PairEnvironment(model.pair, chunk.goals, start) for start in starts]
    rngs = [np.random.default_rng(0)] * 3
    for environment in environments:
        environment.reset()
    together = []
    player.reset(rngs)
    for step in range(chunk.goals.n_steps):
        together.append(player.act(environments, step))
        for environment, action in zip(environments, together[-1], strict=True):
            environment.step(action)
    for row, environment in enumerate(environments):
        environment.reset()
        player.reset(rngs[:1])
        for step, expected in enumerate(together):
            action = player.act([environment], step)[0]
            np.testing.assert_allclose(action, expected[row], atol=1e-6)
            environment.step(expected[row])


def test_the_planner_answers_to_noise(song: Path) -> None:
    """Its rollouts are not one performance with noise on it."""
    (chunk,) = load_chunks([str(song)], 1.0)
    order = Order(chunk.goals, "0", RIG, None, choose_player, rollouts=2, noise=0.01, seed=0)
    first, second = play(order, 0).values()
    answers = first.arrays["wanted_actions"] - second.arrays["wanted_actions"]
    assert np.abs(answers[1:]).max() > 0.01
    assert min(first.f1, second.f1) > 0.8
