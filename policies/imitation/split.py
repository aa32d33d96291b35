"""Which songs are learned and which are only played: one YAML file, fixed before training."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from policies.imitation.errors import SplitError
from score import Goals
from score.difficulty import Difficulty, difficulty
from sim.yaml_files import Section, first_complaint, read_yaml

SPLITS = Path(str(resources.files("policies") / "imitation" / "splits"))
CORPUS_SPLIT, DEVELOPMENT_SPLIT = SPLITS / "corpus.yaml", SPLITS / "development.yaml"


class Rule(Section):
    """A song is easy when no figure of its difficulty is above these."""

    mean_keys: float = Field(gt=0)
    onsets_per_s: float = Field(gt=0)
    span_keys: float = Field(gt=0)


class Split(Section):
    """Songs to train on, and easy and hard ones that training never sees."""

    schema_version: Literal[1] = Field(alias="schema")
    easy_at_most: Rule
    train: tuple[str, ...] = Field(min_length=1)
    easy: tuple[str, ...]
    hard: tuple[str, ...]

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """Songs by the column of the table that they count in."""
        return {"in_distribution": self.train, "easy": self.easy, "hard": self.hard}

    @property
    def songs(self) -> tuple[str, ...]:
        """All songs."""
        return (*self.train, *self.easy, *self.hard)


def read_split(path: Path) -> Split:
    """Read a split.

    Raises:
        SplitError: no such file, not YAML, a field that is wrong, or a song that is named twice.
    """
    try:
        split = Split.model_validate(read_yaml(path))
    except ValidationError as error:
        raise SplitError(f"{path}: {first_complaint(error)}") from error
    except (OSError, ValueError) as error:
        raise SplitError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    twice = [song for song in split.songs if split.songs.count(song) > 1]
    if twice:
        raise SplitError(f"{path}: names {twice[0]!r} twice")
    return split


def check_split(split: Split, goals: Mapping[str, Goals]) -> None:
    """Hold a split against its own rule.

    Raises:
        SplitError: a song stands under easy or hard and is not so by the rule.
    """
    most = Difficulty(**split.easy_at_most.model_dump())
    for column in ("easy", "hard"):
        for song in split.columns[column]:
            found = difficulty(goals[song])
            if (found.relative_to(most) <= 1.0) != (column == "easy"):
                raise SplitError(
                    f"{song!r} is not {column} by the split's rule: {found.mean_keys:.2f} keys at "
                    f"once, {found.onsets_per_s:.2f} onsets/s, hands spanning "
                    f"{found.span_keys:.2f} keys"
                )
