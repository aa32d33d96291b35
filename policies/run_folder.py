"""The folder of one run: under a temporary name while it fills, renamed when it is whole."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from policies.errors import PolicyError
from score.corpus import is_corpus_name, score_name

_PATIENCE_S = 2.0


@dataclass(frozen=True)
class RunFolder:
    """Where the results of one run go.

    Attributes:
        path: The folder's name when everything is in it, e.g. `runs/20250131-204500-ode_to_joy`.
    """

    path: Path

    @classmethod
    def create(cls, out: Path, song: str) -> RunFolder:
        """Make a new run's folder, still under its temporary name.

        Args:
            out: Folder of runs; made when missing.
            song: Name of the song, of the library or the corpus, or path of its file.

        Raises:
            PolicyError: when `out` cannot be written.
        """
        called = score_name(song) if is_corpus_name(song) else Path(song).stem
        name = f"{datetime.now():%Y%m%d-%H%M%S}-{called}"
        for attempt in range(1, 100):
            path = out.absolute() / (name if attempt == 1 else f"{name}-{attempt}")
            run = cls(path)
            if path.exists() or run.partial.exists():
                continue
            try:
                run.partial.mkdir(parents=True)
            except OSError as error:
                raise PolicyError(
                    f"cannot write results into {out}: {error.strerror}; choose another folder"
                ) from error
            return run
        raise PolicyError(f"{out} is full of runs named {name}")

    @property
    def partial(self) -> Path:
        """Its name until `finish`; starts with a dot, so that nothing takes it for a result."""
        return self.path.with_name(f".{self.path.name}.partial")

    def finish(self) -> Path:
        """Give the folder its name and return it.

        Raises:
            PolicyError: when it cannot be renamed.
        """
        try:
            os.replace(self.partial, self.path)
        except OSError as error:
            raise PolicyError(f"cannot finish {self.path}: {error.strerror}") from error
        return self.path

    def keep(self, part: str) -> Path | None:
        """Keep one thing of a run that failed, in `<name>-failed`, and remove the rest.

        Args:
            part: Name of a file or folder in the run's folder.

        Returns:
            The new folder; None when there is no such thing.

        Raises:
            PolicyError: when it cannot be moved.
        """
        if not (self.partial / part).exists():
            return None
        failed = self.path.with_name(f"{self.path.name}-failed")
        try:
            failed.mkdir()
            os.replace(self.partial / part, failed / part)
        except OSError as error:
            raise PolicyError(f"cannot keep {self.partial / part}: {error.strerror}") from error
        self.discard()
        return failed

    def discard(self) -> None:
        """Remove what there is, even while another process is still closing a file in it."""
        give_up_at = time.monotonic() + _PATIENCE_S
        while self.partial.exists() and time.monotonic() < give_up_at:
            shutil.rmtree(self.partial, ignore_errors=True)
            if self.partial.exists():
                time.sleep(0.05)
