"""The songs of a split: rollouts of those to train on, goals of all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.imitation.data import Rollouts, dataset_digest, dataset_stretch, read_dataset
from policies.imitation.errors import SplitError
from policies.imitation.evaluation import Song
from policies.imitation.split import Split, check_split
from policies.planner.pair import PairPlanParameters, prepare
from score import Goals, ScoreError, song_names
from score.corpus import is_corpus_name
from score.robopianist import load_goals
from sim.pair import PairModel
from sim.pair.playable import build_playable_pair


@dataclass(frozen=True)
class Songs:
    """What a split means on a dataset.

    Attributes:
        split: the split.
        rollouts: of the training songs only, by song.
        played: all songs.
        dataset_sha256: of the dataset, ``data.dataset_digest``.
        stretch: factor of all times that it was built with.
    """

    split: Split
    rollouts: dict[str, Rollouts]
    played: dict[str, Song]
    dataset_sha256: str
    stretch: float


def load_songs(dataset: Path, split: Split, model: PairModel) -> Songs:
    """Load what a split names.

    Songs to train on must be in the dataset; others come from it, or from the library or the corpus
    in the dataset's tempo. Hands begin where the song's rollouts did, or where the planner would.

    Raises:
        DatasetError: the dataset cannot be used.
        SplitError: a song is unknown, or stands under the wrong column.
    """
    rollouts = read_dataset(dataset, model, split.songs)
    for song in split.train:
        if song not in rollouts:
            raise SplitError(f"{dataset}: has no song {song!r}, which the split trains on")
    stretch = dataset_stretch(dataset)
    goals = {
        song: rollouts[song].song_goals() if song in rollouts else _unrecorded(song, stretch)
        for song in split.songs
    }
    check_split(split, goals)
    played = {
        song: Song(due, rollouts[song].start(model))
        if song in rollouts
        else Song(due, planned_start(due, model))
        for song, due in goals.items()
    }
    trained = {song: rollouts[song] for song in split.train}
    return Songs(split, trained, played, dataset_digest(dataset), stretch)


def planned_start(goals: Goals, model: PairModel) -> NDArray[np.float64]:
    """Where the planner puts the hands before a song, shape ``(n_joints,)`` [rad, m]."""
    prepared = prepare(goals, build_playable_pair(model.rig), PairPlanParameters())
    return model.posture(prepared.start[:-1])


def _unrecorded(song: str, stretch: float) -> Goals:
    if song not in song_names() and not is_corpus_name(song):
        raise SplitError(f"the split names {song!r}, which neither dataset nor library has")
    try:
        return load_goals(song, stretch=stretch)
    except ScoreError as error:
        raise SplitError(f"the split's song {song!r} cannot be read: {error}") from error
