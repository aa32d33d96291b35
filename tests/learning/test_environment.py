"""The environment that learners see: its contract for every song, its rewards, its episodes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from policies import PlanParameters
from policies.evaluation import evaluate
from policies.features import HISTORY, PLAN_ROWS
from policies.learning.environment import LearningEnvironment
from policies.learning.exam import Exam
from policies.learning.rewards import SHAPED_WEIGHTS, Outcome, asked_rows, crowding, shaped_terms
from score import Note, Score, frame_scores, make_goals, song_names
from sim import record_states
from tests.learning.small import RIG, environment, good_plan, three_notes
from tests.unit.playing import RIGS, nominal_model, song_goals, song_plan

PUBLISHED = {"key_press", "fingering", "sustain", "collision", "energy"}
STEPS = 40


def of_song(rig: str, song: str, *, residual: bool = True) -> LearningEnvironment:
    goals, plan = song_goals(rig, song), song_plan(rig, song)
    n = max(goals.n_steps // 15, 16)  # enough to come by every key that is due
    return environment(nominal_model(rig), goals, plan, n, residual=residual)


def small(
    n: int = 4,
    *,
    residual: bool = True,
    reward: Literal["published", "shaped"] = "shaped",
    fingering: bool = True,
    starts_along_plan: bool = True,
) -> LearningEnvironment:
    return environment(
        nominal_model(RIG),
        three_notes(),
        good_plan(),
        n,
        residual=residual,
        reward=reward,
        fingering=fingering,
        starts_along_plan=starts_along_plan,
    )


@cache
def played(rig: str, song: str) -> NDArray[np.float32]:
    """Observations with noise on the plan, shape ``(STEPS * n, size)``."""
    env, rng = of_song(rig, song), np.random.default_rng(0)
    rows = []
    for _ in range(STEPS):
        observations, reward, _ = env.step(rng.normal(0, 0.7, (env.n, env.action_size)))
        assert np.isfinite(reward).all()
        assert set(env.reward_terms) == set(SHAPED_WEIGHTS)
        rows.append(observations.copy())
    return np.concatenate(rows)


@pytest.mark.parametrize("delay_s", [0.0, 0.035, 0.1])
def test_rows_are_rewarded_when_a_delay_is_over(delay_s: float) -> None:
    """An episode's mean of the steps' F1 is the F1 that the evaluation gives."""
    late, goals = replace(nominal_model(RIG), command_delay_s=delay_s), three_notes()
    env = environment(late, goals, good_plan(), 1, starts_along_plan=False, lead_s=delay_s)
    f1, ended = [], False
    while not ended:
        _, _, done = env.step(np.zeros((1, env.action_size)))
        f1.append(float(env.frame_f1[0]))
        ended = bool(done[0])
    before = len(f1) - goals.n_steps
    assert before == np.ceil(delay_s / 0.05)
    assert f1[:before] == [1.0] * before
    assert np.mean(f1[before:]) == pytest.approx(evaluate(good_plan(), late, goals, 1).frame_f1)
    marks = Exam(late, [], goals, good_plan(), residual=True).take(
        lambda features: np.zeros((len(features), env.action_size), np.float32)
    )
    assert marks.frame_f1 == pytest.approx(np.mean(f1[before:]))


@pytest.mark.parametrize("song", song_names())
def test_contract(song: str) -> None:
    env = of_song(RIG, song)
    blocks = env.features.blocks
    assert env.observations.shape == (env.n, env.features.size)
    assert env.observations.dtype == np.float32
    edges = [(block.start, block.stop) for block in blocks.values()]
    assert edges[0][0] == 0
    assert edges[-1][1] == env.features.size
    assert all(before[1] == after[0] for before, after in pairwise(edges))
    assert np.isfinite(played(RIG, song)).all()
    assert np.abs(played(RIG, song)).max() < 50.0


def still_plan(env: LearningEnvironment) -> NDArray[np.intp]:
    """The plan's features for joints that it hardly moves: there they are minus the positions."""
    blocks = env.features.blocks
    still = np.flatnonzero(np.ptp(env.part.references, axis=0) < 0.01)
    starts = (blocks["plan_references"].start, blocks["plan_targets"].start)
    rows = (starts[0] + np.arange(PLAN_ROWS) * env.action_size, [starts[1]])
    return np.concatenate([(np.asarray(row)[:, None] + still).ravel() for row in rows])


@pytest.mark.parametrize("song", song_names())
def test_every_feature_tells_something_of_its_own(song: str) -> None:
    env, seen = of_song(RIG, song), played(RIG, song)
    keys = env.features.blocks["keys"]
    left_out = np.arange(keys.start, keys.stop)  # see the next test
    told = np.delete(seen, np.concatenate([left_out, still_plan(env)]), axis=1)
    deviation = told.std(axis=0)
    assert np.flatnonzero(deviation == 0).tolist() == []
    z = (told - told.mean(axis=0)) / deviation
    alike = np.abs(np.triu(z.T @ z / len(z), 1)) > 1 - 1e-5
    assert np.argwhere(alike).tolist() == []


@pytest.mark.parametrize("rig", RIGS)
def test_every_key_that_is_seen_can_be_pressed(rig: str) -> None:
    env, rng = of_song(rig, "hot_cross_buns", residual=False), np.random.default_rng(1)
    pressed = np.zeros(env.features.size, bool)
    for _ in range(12):
        actions = rng.uniform(-1, 1, (env.n, env.action_size))
        actions[:, 0] *= 0.3  # the rail stays near the middle of the keyboard
        for _ in range(8):
            pressed |= env.step(actions)[0].any(axis=0)
    assert pressed[env.features.blocks["keys"]].all()


def test_the_seed_decides_everything() -> None:
    runs = []
    for seed in (5, 5, 6):
        env, rng = small(), np.random.default_rng(0)
        env.restart(seed)
        rows = []
        for _ in range(30):
            observations, reward, ended = env.step(rng.normal(0, 0.5, (4, env.action_size)))
            rows.append(np.concatenate([observations.ravel(), reward, ended]))
        runs.append(np.array(rows))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_episodes_start_along_the_plan_and_leave_a_second_to_play() -> None:
    env, phase = small(200), slice(-1, None)
    rows = np.rint(env.observations[:, phase][:, 0] * three_notes().n_steps).astype(int)
    assert rows.min() == 0
    assert rows.max() == three_notes().n_steps - 21
    assert len(set(rows.tolist())) == three_notes().n_steps - 20


def test_states_along_the_plan_go_on_as_the_plan_does() -> None:
    model, plan = nominal_model(RIG), good_plan()
    states = record_states(model, plan.start, plan.targets)
    env = small(64)
    middle, half = 0.5 * (model.joint_low + model.joint_high), model.joint_high - model.joint_low
    block = env.features.blocks["joint_positions"]
    for later in range(12):
        rows = np.rint(env.observations[:, -1] * three_notes().n_steps).astype(int)
        positions = env.observations[:, block] * 0.5 * half + middle
        expected = states.qpos[rows][:, model.joint_qpos]
        wrong = positions - expected
        np.testing.assert_allclose(wrong, 0.0, atol=8e-3, err_msg=f"{later} steps on")
        # What is left is the noise of the readings, as large on every finger joint.
        np.testing.assert_allclose(wrong[:, 1:].std(axis=0), 0.001, rtol=0.5)
        env.step(np.zeros((64, env.action_size)))


def test_episodes_from_scratch_start_at_the_beginning() -> None:
    env = small(starts_along_plan=False)
    assert (env.observations[:, -1] == 0).all()


def test_past_actions_come_newest_first_and_are_forgotten_at_the_end() -> None:
    env = small(starts_along_plan=False)
    block, steps = env.features.blocks["actions"], three_notes().n_steps
    for step in range(steps):
        seen = env.observations[:, block].reshape(4, HISTORY, -1)
        past = [max(step - i, 0) / steps for i in range(HISTORY)]  # the action of step k is k + 1
        np.testing.assert_allclose(
            seen, np.broadcast_to(past, (13, 4, 3)).T[None][0].swapaxes(0, 1)
        )
        _, _, ended = env.step(np.full((4, env.action_size), (step + 1) / steps))
    assert ended.all()
    assert (env.observations[:, block] == 0).all()


def test_actions_beyond_one_are_cut_off() -> None:
    env = small(starts_along_plan=False)
    env.step(np.full((4, env.action_size), -7.0))
    assert (env.observations[:, env.features.blocks["actions"]][:, : env.action_size] == -1).all()


def test_corrections_are_small_and_stay_within_limits() -> None:
    env, model, plan = small(), nominal_model(RIG), good_plan()
    rows = np.arange(three_notes().n_steps)
    still = env.actions.targets(np.zeros((len(rows), 13)), rows)
    np.testing.assert_array_equal(still, plan.targets)
    up = env.actions.targets(np.ones((len(rows), 13)), rows)
    expected = plan.targets + np.array([0.006] + [0.15] * 12)
    np.testing.assert_allclose(up, np.clip(expected, model.joint_low, model.joint_high))


def test_actions_from_scratch_span_the_joint_ranges() -> None:
    env, model, row = small(residual=False), nominal_model(RIG), np.zeros((), np.intp)
    np.testing.assert_allclose(env.actions.targets(-np.ones(13), row), model.joint_low)
    np.testing.assert_allclose(env.actions.targets(np.ones(13), row), model.joint_high)


def test_the_published_reward_is_the_sum_of_its_terms() -> None:
    env, without = small(reward="published"), small(reward="published", fingering=False)
    for _ in range(5):
        actions = np.zeros((4, env.action_size))
        (_, reward, _), (_, less, _) = env.step(actions), without.step(actions)
        assert set(env.reward_terms) == PUBLISHED
        np.testing.assert_allclose(reward, sum(env.reward_terms.values()))
        np.testing.assert_allclose(less, reward - env.reward_terms["fingering"])


def test_the_shaped_reward_is_the_weighted_sum_of_its_terms() -> None:
    env, without = small(), small(fingering=False)
    for _ in range(5):
        actions = np.full((4, env.action_size), 0.2)
        (_, reward, _), (_, less, _) = env.step(actions), without.step(actions)
        terms = env.reward_terms
        np.testing.assert_allclose(reward, sum(SHAPED_WEIGHTS[k] * terms[k] for k in terms))
        np.testing.assert_allclose(less, reward - 0.1 * terms["fingering"])


def test_shaped_terms_of_a_state_made_by_hand() -> None:
    outcome = Outcome(
        goal=np.array([[True, True, False, False]]),
        keys=np.array([[True, False, True, False]]),
        # full margin past the trigger; a third of it short; just at it; far above
        trigger_margin=np.array([[0.3, -0.04, 0.0, -0.5]]),
        asked=np.array([[True, False, False, False]]),
        onsets=np.array([[2, 0, 1, 0]]),
        early=np.array([1]),
        fingering=np.array([0.7]),
        crowding=np.array([0.4]),
    )
    terms = shaped_terms(np, outcome, np.array([[0.5, -0.5]]), np.array([[0.5, 0.5]]))
    expected = {
        "frame_f1": 0.5,  # one right, one missed, one wrong
        "due": (1 - 1 / 3) / 2,
        "others": 1.0,
        "unasked": 2.0,  # the first key twice, the third unasked
        "early": 1.0,
        "fingering": 0.7,
        "crowding": 0.4,
        "effort": 0.25,
        "change": 0.5,
    }
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected)


def test_onsets_are_asked_for_within_50_ms_of_a_note() -> None:
    """A note from 0.15 s on is due when row 2 ends: row 1 would be too early, row 4 too late."""
    notes = (Note(60, 0.15, 0.3), Note(60, 0.4, 0.5))
    goals = make_goals(Score("two", notes, ()), 36, 49)
    key = 60 - 36
    first = int(np.flatnonzero(goals.keys[:, key])[0])
    asked = asked_rows(goals.keys)
    assert (first + 1) * 0.05 == pytest.approx(goals.score.notes[0].start_s)
    assert np.flatnonzero(asked[:, key]).tolist() == [first, first + 1, first + 5, first + 6]
    assert not np.delete(asked, key, axis=1).any()


def test_silence_is_perfect_when_nothing_is_due() -> None:
    none = np.zeros((1, 3), bool)
    zero, one = np.zeros(1), np.ones(1)
    outcome = Outcome(none, none, np.full((1, 3), -0.5), none, none.astype(int), zero, one, zero)
    terms = shaped_terms(np, outcome, np.zeros((1, 2)), np.zeros((1, 2)))
    assert terms["frame_f1"] == 1.0
    assert terms["due"] == terms["others"] == terms["unasked"] == 0.0


def test_crowding_is_the_lack_of_room_for_links() -> None:
    wide = PlanParameters(link_gap_m=0.028)
    tips = np.zeros((4, 3, 3))
    tips[:, 1, 1] = [0.04, 0.023, 0.012, 0.023]
    tips[:, 2, 1] = 0.08
    tips[3, 1, 0] = 0.03  # far in front: room for a tip, but none for its links
    assert crowding(tips, wide) == pytest.approx([0.0, 0.5, 1.0, 0.5])
    assert crowding(tips, PlanParameters()) == pytest.approx([0.0, 0.0, 0.95, 0.0])


def test_frame_f1_of_a_song_is_the_scores() -> None:
    env, goals = small(starts_along_plan=False), three_notes()
    f1, keys = [], []
    for _ in range(goals.n_steps):
        env.step(np.zeros((4, env.action_size)))
        f1.append(env.frame_f1[0])
        keys.append(env.reward_terms["frame_f1"][0])
    assert keys == f1
    assert np.mean(f1) > frame_scores(goals.keys, np.zeros_like(goals.keys)).f1
