"""The songs of a split: rollouts of those to train on, goals of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.errors import DatasetError
from policies.imitation.data import Rollouts, dataset_digest, dataset_stretch, read_dataset
from policies.imitation.errors import SplitError
from policies.imitation.evaluation import Song
from policies.imitation.split import Split, check_split
from policies.planner.pair import PairPlanParameters, prepare
from score import Goals, ScoreError, song_names
from score.corpus import is_corpus_name, score_name
from score.robopianist import Rolls, goals_of_rolls, load_goals
from sim.pair import PairModel
from sim.pair.playable import build_playable_pair

START_STEPS = 100
"""How much of a song says where hands begin [control steps]."""


@dataclass(frozen=True)
class Songs:
    """What a split means on a dataset.

    Attributes:
        split: the split.
        goals: of all songs.
        rollouts: of the training songs only, by song.
        dataset_sha256: of the dataset, ``data.dataset_digest``.
        stretch: factor of all times that it was built with.
    """

    split: Split
    goals: dict[str, Goals]
    rollouts: dict[str, Rollouts]
    dataset_sha256: str
    stretch: float

    def played(self, name: str, model: PairModel) -> Song:
        """A song as it is played: hands begin where its rollouts did, or as the planner's would."""
        goals = self.goals[name]
        if name in self.rollouts:
            return Song(goals, self.rollouts[name].start(model))
        return Song(goals, planned_start(goals, model))


def load_songs(dataset: Path, split: Split, model: PairModel) -> Songs:
    """Load what a split names.

    Songs to train on must be in the dataset; others come from the library or the corpus, in the
    dataset's tempo, or from the dataset.

    Raises:
        DatasetError: the dataset cannot be used, or grows while it is read.
        SplitError: a song is unknown, stands under the wrong column, or is part of a song that is
            trained on.
    """
    digest = dataset_digest(dataset)
    rollouts = read_dataset(dataset, model, split.train)
    for song in split.train:
        if song not in rollouts:
            raise SplitError(f"{dataset}: has no song {song!r}, which the split trains on")
    unseen = [song for song in split.songs if song not in rollouts]
    recorded = read_dataset(dataset, model, [song for song in unseen if not _is_known(song)])
    _check_unseen(unseen, recorded, rollouts)
    stretch = dataset_stretch(dataset)
    goals = {song: found.song_goals() for song, found in (rollouts | recorded).items()}
    goals |= {song: _unrecorded(song, stretch) for song in unseen if song not in recorded}
    check_split(split, goals)
    if dataset_digest(dataset) != digest:
        raise DatasetError(f"{dataset}: a build is adding to it: wait for its end")
    return Songs(split, goals, rollouts, digest, stretch)


def planned_start(goals: Goals, model: PairModel) -> NDArray[np.float64]:
    """Where a plan of a song's beginning puts the hands, shape ``(n_joints,)`` [rad, m]."""
    beginning = Rolls(goals.keys[:START_STEPS], goals.sustain[:START_STEPS])
    playable = build_playable_pair(model.rig)
    prepared = prepare(goals_of_rolls(goals.name, beginning), playable, PairPlanParameters())
    return model.posture(prepared.start[:-1])


def _is_known(song: str) -> bool:
    return song in song_names() or is_corpus_name(song)


def _check_unseen(
    unseen: Iterable[str], recorded: Mapping[str, Rollouts], trained: Mapping[str, Rollouts]
) -> None:
    """A chunk of a song that is trained on is not unseen."""
    pieces = {rollouts.piece: song for song, rollouts in trained.items()}
    for song in unseen:
        piece = recorded[song].piece if song in recorded else score_name(song)
        if piece in pieces:
            raise SplitError(
                f"{song!r} is not unseen: the split trains on {pieces[piece]!r} of the same song"
            )


def _unrecorded(song: str, stretch: float) -> Goals:
    if not _is_known(song):
        raise SplitError(f"the split names {song!r}, which neither dataset nor library has")
    try:
        return load_goals(song, stretch=stretch)
    except ScoreError as error:
        raise SplitError(f"the split's song {song!r} cannot be read: {error}") from error
