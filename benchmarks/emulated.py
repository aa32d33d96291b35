"""Play the four songs behind a serial device and a MIDI port: fills a table of docs/emulator.md.

    python -m benchmarks.emulated            # six minutes, real time

Each performance is a ``dacapo play`` of its own in the nominal world, and one in mode sim beside
it; the planner plays both. From the recording comes how old the joint states are, by their stamps,
when the targets that the player made of them are on the wire. Kept in
``benchmarks/results/emulated/``. Give the machine nothing else to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cells import KEPT, ROOT, RUNS, SONGS, dacapo, fill, kept, spread, table
from calibration.recordings import Recording, read_recording

PAGE = ROOT / "docs" / "emulator.md"
TAKES = 2


def ages_ms(recording: Recording) -> NDArray[np.float64]:
    """Age of the joint states behind each target when it was written to the motors [ms].

    The player answers the first states after its deadline, and the recorder may hear the answer
    before the states. So the states behind are the last that were read as long before the target
    was heard of as the quickest take to be told. Targets carry the stamp of the states that were
    read right after they were written, so ages are too long by half an exchange.
    """
    states, asked, sent = recording.states, recording.asked, recording.sent
    quickest_ns = int((states.received_ns - states.time_ns).min())
    asked_ns = asked.time_ns[asked.time_ns < sent.time_ns[-1]] - quickest_ns
    asked_ns = np.sort(asked_ns[asked_ns > states.time_ns[0]])
    behind = states.time_ns[np.searchsorted(states.time_ns, asked_ns, side="right") - 1]
    written = sent.time_ns[np.searchsorted(sent.time_ns, behind, side="right")]
    return np.asarray((written - behind) / 1e6, np.float64)


def measure(song: str, take: int) -> dict[str, Any]:
    """One performance emulated, one simulated."""
    out = RUNS / "emulated" / f"{song}-{take}"
    asked = ("play", song, "--policy", "planner", "--out")
    simulated, _ = dacapo(*asked, str(out / "sim"))
    emulated, _ = dacapo(*asked, str(out / "emulated"), "--mode", "emulated", "--world", "nominal")
    newest = max((out / "emulated").glob("*/recording"), key=lambda path: path.stat().st_mtime)
    ages = ages_ms(read_recording(newest))
    return {"sim": simulated, "emulated": emulated, "ages_ms": ages.tolist()}


def row(song: str) -> list[str]:
    """One line of the table."""
    takes = [kept(_path(song, take), dict) for take in range(TAKES)]
    f1 = {mode: [take[mode]["frame"]["f1"] for take in takes] for mode in ("emulated", "sim")}
    loops = [take["emulated"]["loop"] for take in takes]
    ages = np.concatenate([take["ages_ms"] for take in takes])
    return [
        song,
        spread(f1["emulated"]),
        f"{np.mean(f1['sim']):.4f}",
        f"{np.mean([take['emulated']['note']['f1_50ms'] for take in takes]):.3f}",
        f"{max(loop['period_ms_p99'] for loop in loops):.1f} ms",
        str(sum(loop["missed"] for loop in loops)),
        f"{np.median(ages):.1f}, {np.percentile(ages, 99):.1f} ms",
    ]


def _path(song: str, take: int) -> Path:
    return KEPT / "emulated" / f"{song}-{take}.json"


def main() -> None:
    """Measure what is not kept yet, then write the table."""
    for song in SONGS:
        for take in range(TAKES):
            kept(_path(song, take), lambda of=(song, take): measure(*of))  # type: ignore[misc]
    columns = ["song", "frame F1, emulated", "in mode sim", "note F1 50 ms", "control period p99"]
    columns += ["missed steps", "age of joint states on the wire, p50, p99"]
    fill("songs", table(columns, [row(song) for song in SONGS]), PAGE)


if __name__ == "__main__":
    main()
