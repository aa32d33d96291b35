"""What networks are shown and asked for, and back again."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.imitation.bc_rnn import RecurrentCloning
from policies.imitation.data import Rollouts
from policies.imitation.diffusion import DiffusionPolicy
from policies.imitation.method import Method
from policies.imitation.normaliser import SPAN, STILL, fitted, kept
from policies.imitation.sight import Everything, Shown
from policies.imitation.songs import Songs
from policies.imitation.windows import Windows
from tests.learning.imitation.bundles import TINY
from tests.learning.imitation.store import STEPS

SHAPES = (TINY, RecurrentCloning(8, history=3), DiffusionPolicy(history=2, horizon=4))


@pytest.fixture
def rollouts(songs: Songs) -> list[Rollouts]:
    return list(songs.rollouts.values())


@pytest.fixture
def shown(rollouts: list[Rollouts]) -> list[Shown]:
    return [Shown.of(song, Everything(song.actions.shape[-1])) for song in rollouts]


@pytest.mark.parametrize("method", SHAPES)
def test_windows_are_what_was_recorded(
    method: Method, rollouts: list[Rollouts], shown: list[Shown]
) -> None:
    normaliser = fitted(shown)
    seen, done = Windows(shown, normaliser, method).draw(np.random.default_rng(0))
    wanted = []
    for song in rollouts:
        for states, actions in zip(song.states, song.actions, strict=True):
            rows = normaliser.observed(np.concatenate([song.goals, states], axis=-1))
            answers = normaliser.done(actions)
            for step in range(STEPS):
                before = np.clip(step + 1 - method.history + np.arange(method.history), 0, None)
                after = step - method.lead + np.arange(method.horizon)
                after = np.clip(after, 0, STEPS - 1)
                wanted.append((rows[before], answers[after]))
    for window in zip(seen, done, strict=True):
        assert any(
            np.array_equal(window[0], one) and np.array_equal(window[1], other)
            for one, other in wanted
        )


def test_the_normaliser_has_the_datasets_moments(
    rollouts: list[Rollouts], shown: list[Shown]
) -> None:
    normaliser = fitted(shown)
    states = np.concatenate([r.states.reshape(-1, r.states.shape[-1]) for r in rollouts])
    actions = np.concatenate([r.actions.reshape(-1, r.actions.shape[-1]) for r in rollouts])
    moving = np.ptp(states, axis=0) > STILL
    assert 0 < moving.sum() < moving.size
    np.testing.assert_allclose(normaliser.mean[979:], states.mean(axis=0), atol=1e-5)
    std = np.maximum(states.std(axis=0, dtype=float), STILL)[moving]
    np.testing.assert_allclose(normaliser.scale[979:][moving], 1.0 / std, rtol=1e-3)
    width = SPAN * actions.std(axis=0, dtype=float)[:-1]
    np.testing.assert_allclose(normaliser.action_width[:-1], width, rtol=1e-3)
    done = normaliser.done(actions)
    inside = np.abs(done) < 1.0
    assert inside.mean() > 0.95
    np.testing.assert_allclose(normaliser.actions(done)[inside], actions[inside], atol=1e-5)


def test_what_never_moved_is_not_seen(rollouts: list[Rollouts], shown: list[Shown]) -> None:
    normaliser = fitted(shown)
    due = np.concatenate([r.goals for r in rollouts])
    never = np.flatnonzero(~due.any(axis=0))
    observation = np.zeros(normaliser.mean.size, np.float32)
    observation[never] = 1.0
    assert not normaliser.observed(observation)[never].any()
    assert (normaliser.scale[np.flatnonzero(due.any(axis=0) & ~due.all(axis=0))] > 0).all()


def test_a_pedal_that_is_rarely_down_can_be_put_down(shown: list[Shown]) -> None:
    normaliser = fitted(shown)
    actions = np.zeros((2, normaliser.action_mean.size), np.float32)
    actions[1, -1] = 1.0
    assert normaliser.actions(normaliser.done(actions))[:, -1].tolist() == [0.0, 1.0]


def test_a_run_keeps_its_normaliser(shown: list[Shown], tmp_path: Path) -> None:
    path, normaliser = tmp_path / "normaliser.npz", fitted(shown)
    kept(path, lambda: normaliser)
    found = kept(path, lambda: replace(normaliser, mean=normaliser.mean + 1.0))
    for name, array in asdict(normaliser).items():
        assert np.array_equal(getattr(found, name), array)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PolicyError, match="is damaged: delete"):
        kept(path, lambda: normaliser)
