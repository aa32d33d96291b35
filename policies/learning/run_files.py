"""The folder of a training run: configuration, checkpoint, log, learning curve."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import serialization

from policies.errors import PolicyError
from policies.learning.board import Board
from policies.learning.exam import Marks
from score import write_whole

_DRAW_EVERY_S = 5.0  # drawing takes as long as two hundred control steps

_BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)
"""What reading a damaged checkpoint may raise."""


class TrainingError(PolicyError):
    """Training cannot start, or had to stop."""


@dataclass(frozen=True)
class LogRow:
    """One exam.

    Attributes:
        iteration: of the learner.
        steps: control steps so far.
        wall_s: seconds of training so far, over all sessions.
        marks: what it scored.
        best: whether it is the best so far.
    """

    iteration: int
    steps: int
    wall_s: float
    marks: Marks
    best: bool


class RunFiles:
    """Files of one training run; a killed run is taken up from its last checkpoint."""

    def __init__(self, folder: Path, config: dict[str, Any], unit: str = "control steps") -> None:
        """Open a run folder.

        Args:
            folder: made if need be.
            config: settings of the run.
            unit: what its steps are.

        Raises:
            TrainingError: the folder holds a run with another configuration, or cannot be written.
        """
        self.folder, self._unit = folder, unit
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._claim(config)
            self._board = Board(folder / "tensorboard")
        except OSError as error:
            raise TrainingError(f"cannot write into {folder}: {error.strerror}") from error
        self.rows: list[LogRow] = []
        self._drawn, self._draw_at_s = 0, 0.0

    def _claim(self, config: dict[str, Any]) -> None:
        path, text = self.folder / "config.json", json.dumps(config, indent=2)
        if path.is_file():
            odd = _difference(_settings_in(path), json.loads(text))
            if odd:
                raise TrainingError(
                    f"{self.folder} holds a run with another {odd}: choose another --out, or "
                    "delete that folder"
                )
        write_whole(path, text.encode())

    def log(self, steps: int, figures: dict[str, float]) -> None:
        """Note an iteration's figures for TensorBoard."""
        self._board.add(steps, figures)

    def examined(self, row: LogRow) -> None:
        """Note an exam; draw the learning curve again if that was a while ago."""
        self.rows.append(row)
        figures = {f"exam/{name}": value for name, value in asdict(row.marks).items()}
        self._board.add(row.steps, figures)
        if time.monotonic() >= self._draw_at_s:
            self._draw()

    def save(self, state: Any, best: Any) -> None:  # noqa: ANN401  # trees of any shape
        """Write a checkpoint: learner state, best policy so far, and the log that led there."""
        rows = [asdict(row) for row in self.rows]
        tree = {"state": _plain(state), "best": _plain(best)}
        content = {"rows": json.dumps(rows), "tree": serialization.to_bytes(tree)}
        write_whole(self.folder / "checkpoint.msgpack", serialization.msgpack_serialize(content))

    def load(self, state: Any, best: Any) -> tuple[Any, Any] | None:  # noqa: ANN401
        """The last checkpoint's state and best policy, shaped like the arguments; None if none.

        Raises:
            TrainingError: the checkpoint cannot be read.
        """
        path = self.folder / "checkpoint.msgpack"
        if not path.is_file():
            return None
        try:
            content = serialization.msgpack_restore(path.read_bytes())
            rows = json.loads(content["rows"])
            target = {"state": _plain(state), "best": _plain(best)}
            tree = serialization.from_bytes(target, content["tree"])
        except _BROKEN as error:
            raise TrainingError(
                f"{path} is damaged: delete {self.folder} and start again"
            ) from error
        self.rows = [LogRow(**(row | {"marks": Marks(**row["marks"])})) for row in rows]
        return _keyed(state, tree["state"]), tree["best"]

    def dump(self, iteration: int, state: Any, figures: dict[str, float]) -> Path:  # noqa: ANN401
        """Write the state in which numbers stopped being finite; returns the file.

        The last checkpoint stays: the same command goes on from there into the same failure.
        """
        path = self.folder / "not_finite.msgpack"
        tree = {"iteration": iteration, "figures": figures, "state": _plain(state)}
        write_whole(path, serialization.to_bytes(tree))
        return path

    def close(self) -> None:
        """Draw the last exams and close what is open."""
        if self._drawn < len(self.rows):
            self._draw()
        self._board.close()

    def _draw(self) -> None:
        write_whole(self.folder / "learning_curve.png", draw_curve(self.rows, self._unit))
        self._drawn, self._draw_at_s = len(self.rows), time.monotonic() + _DRAW_EVERY_S


def read_dump(path: Path) -> dict[str, Any]:
    """What ``RunFiles.dump`` wrote: iteration, figures, and the state as nested dictionaries."""
    content: dict[str, Any] = serialization.msgpack_restore(path.read_bytes())
    return content


def _settings_in(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text())
    except ValueError as error:
        raise TrainingError(f"{path} is damaged: delete {path.parent} and start again") from error
    return settings if isinstance(settings, dict) else {}


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """The first setting that differs, as words."""
    for name in {**new, **old}:
        before, now = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(now, dict):
            if inner := _difference(before, now):
                return f"{name} ({inner})"
        elif before != now:
            return str(name)
    return None


def _plain(tree: Any) -> Any:  # noqa: ANN401
    """A tree with random keys as plain integers, which files can hold."""
    return jax.tree.map(lambda x: jax.random.key_data(x) if _is_key(x) else x, tree)


def _keyed(like: Any, tree: Any) -> Any:  # noqa: ANN401
    """The tree with random keys where ``like`` has them."""
    return jax.tree.map(lambda x, y: jax.random.wrap_key_data(y) if _is_key(x) else y, like, tree)


def _is_key(x: Any) -> bool:  # noqa: ANN401
    return isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def draw_curve(rows: list[LogRow], unit: str) -> bytes:
    """A picture of F1 over steps, PNG; without note F1 where exams do not measure it."""
    from matplotlib.figure import Figure  # heavy, and only needed here  # noqa: PLC0415

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    steps = [row.steps / 1000 for row in rows]
    axes.plot(steps, [row.marks.frame_f1 for row in rows], marker=".", label="frame F1")
    if not any(np.isnan(row.marks.note_f1) for row in rows):
        axes.plot(steps, [row.marks.note_f1 for row in rows], marker=".", label="note F1, 50 ms")
    axes.set(xlabel=f"{unit} (thousands)", ylabel="F1", title="Exams during training")
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()
