"""The scored result of playing a song, and its JSON form."""

import json
import math
from dataclasses import asdict, dataclass, fields, is_dataclass
from types import NoneType
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

from score.errors import ScoreError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FrameReport:
    """Scores over control steps, each from 0 to 1 (see `score.FrameScores`).

    Attributes:
        precision: Mean precision of the steps.
        recall: Mean recall of the steps.
        f1: Mean F1 of the steps: the number that papers report.
        f1_shifted: The same after the best constant time shift.
        shift_s: That shift [s]; positive when the performance was late.
        do_nothing_f1: What a hand that never moves would score: the share of silent steps.
    """

    precision: float
    recall: float
    f1: float
    f1_shifted: float
    shift_s: float
    do_nothing_f1: float


@dataclass(frozen=True, slots=True)
class NoteReport:
    """Scores over notes, each from 0 to 1 (see `score.note_f1`).

    Attributes:
        f1_50ms: Note F1 with an onset tolerance of 50 ms.
        f1_100ms: Note F1 with an onset tolerance of 100 ms.
    """

    f1_50ms: float
    f1_100ms: float


@dataclass(frozen=True, slots=True)
class OnsetError:
    """How late the matched notes were [ms]; None when no note matched.

    Attributes:
        median: Signed median, positive when late.
        p95: 95th percentile of the absolute error.
    """

    median: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class LoopTiming:
    """How steadily the control loop ran; every field None where no real-time loop ran.

    Attributes:
        period_ms_p50: Median control period [ms].
        period_ms_p99: 99th percentile of the control period [ms].
        missed: Control steps that were not played in their time.
    """

    period_ms_p50: float | None = None
    period_ms_p99: float | None = None
    missed: int | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """Everything that is said about one performance: the content of `performance.json`.

    Attributes:
        song: Name of the song.
        rig: Name of the rig.
        mode: `sim`, `virtual`, `emulated` or `real`.
        policy: What played: `planner`, or the name of a policy bundle.
        seed: Seed of the performance; None when nothing was drawn.
        frame: Scores over control steps.
        note: Scores over notes.
        onset_error_ms: Lateness of the matched notes [ms].
        wrong_keys: Presses of keys that were not due around then.
        tempo_ratio: Real over score duration; None when too few notes matched.
        loop: Timing of the control loop.
        duration_s: Score time that was scored [s].
        versions: Version of each package that had a part in it.
    """

    song: str
    rig: str
    mode: str
    policy: str
    seed: int | None
    frame: FrameReport
    note: NoteReport
    onset_error_ms: OnsetError
    wrong_keys: int
    tempo_ratio: float | None
    loop: LoopTiming
    duration_s: float
    versions: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain dictionaries and numbers."""
        return asdict(self)

    def to_json(self) -> str:
        """One JSON object with exactly these fields, indented; unknown numbers are null."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ScoreError: When the text is not JSON, or a field is missing, unknown or of another
                type; the message names it.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ScoreError(f"not a performance: the text is not JSON ({error})") from error
        return _build(cls, data, "performance")


def _build(kind: type[T], data: object, where: str) -> T:
    """A dataclass of `kind` from its JSON object, strictly."""
    if not isinstance(data, dict):
        raise ScoreError(f"{where} must be a JSON object, not {type(data).__name__}")
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for problem, odd in (
        ("lacks", set(names) - set(data)),
        ("has unknown", set(data) - set(names)),
    ):
        if odd:
            raise ScoreError(f"{where} {problem} field {min(odd)!r}; it has {', '.join(names)}")
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], data[name], f"{where}.{name}") for name in names})


def _value(hint: Any, value: object, where: str) -> object:  # noqa: ANN401
    if is_dataclass(hint):
        return _build(hint, value, where)  # type: ignore[arg-type]
    if get_origin(hint) is dict:
        if isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values()):
            return value
        raise ScoreError(f"{where} must map names to texts")
    wanted = get_args(hint) or (hint,)
    if float in wanted and type(value) is int:
        value = float(value)
    if type(value) not in wanted or (isinstance(value, float) and not math.isfinite(value)):
        names = " or ".join("null" if kind is NoneType else kind.__name__ for kind in wanted)
        raise ScoreError(f"{where} is {value!r}; it must be {names}")
    return value
