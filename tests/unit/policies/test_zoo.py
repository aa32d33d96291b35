"""The policies that come with the project."""

from __future__ import annotations

import pytest

from policies import choose_policy, load_policy
from policies.evaluation import evaluate
from policies.library import ZOO_FOLDER, zoo_path
from score import song_names
from tests.unit.playing import FOUR_SONGS, nominal_model, song_goals

EVERY = [("leap_rail_49", song) for song in song_names()]
EVERY += [("allegro_slide_49", song) for song in FOUR_SONGS]


@pytest.mark.parametrize(("rig", "song"), EVERY)
def test_it_is_small_and_plays_by_default(rig: str, song: str) -> None:
    assert zoo_path(rig, song).stat().st_size < 1_000_000
    model, goals = nominal_model(rig), song_goals(rig, song)
    assert choose_policy(model, goals)[0] == "zoo"
    assert evaluate(load_policy("zoo", model, goals), model, goals, 1).frame_f1 >= 0.98


def test_nothing_else_is_there() -> None:
    files = {path.relative_to(ZOO_FOLDER).as_posix() for path in ZOO_FOLDER.rglob("*.npz")}
    assert files == {f"{rig}/{song}.npz" for rig, song in EVERY}
