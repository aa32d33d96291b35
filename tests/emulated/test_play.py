"""A short song through the real graph, composed in one process."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rosbags.highlevel import AnyReader

from piano_nodes.compose import Played, play
from piano_nodes.domain import DomainLock
from piano_nodes.errors import NodeError
from policies import load_policy
from policies.evaluation import episodes
from policies.performer import Progress, Stage
from score import Performance, load_song, make_goals, read_midi
from sim import build_model, load_rig


@pytest.fixture(scope="module")
def progress() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def played(
    short_song: Path, tmp_path_factory: pytest.TempPathFactory, progress: list[Progress]
) -> Played:
    """One performance that several tests look at."""
    os.environ["ROS_DOMAIN_ID"] = str(100 + os.getpid() % 100)
    return play(str(short_song), out=tmp_path_factory.mktemp("runs"), on_progress=progress.append)


def test_real_time_costs_at_most_a_little(played: Played, short_song: Path) -> None:
    model = build_model(load_rig("leap_rail_49"))
    keyboard = model.rig.keyboard
    goals = make_goals(load_song(short_song), keyboard.lowest_pitch, keyboard.n_keys)
    policy = load_policy("planner", model, goals)
    in_process = next(episodes(policy, model, goals, 1, 0)).performance
    assert played.performance.frame.f1 >= in_process.frame.f1 - 0.05
    assert played.performance.loop.period_ms_p50 == pytest.approx(50.0, abs=1.0)


def test_the_run_folder_is_whole(played: Played, short_song: Path) -> None:
    assert {path.name for path in played.folder.iterdir()} >= {
        "performance.json",
        "performance.mid",
        "recording",
        "report.html",
        "trace.npz",
    }
    assert [path.name for path in played.folder.parent.iterdir()] == [played.folder.name]
    written = Performance.from_json((played.folder / "performance.json").read_bytes())
    assert written == played.performance
    assert len(read_midi(played.folder / "performance.mid").notes) == 4


def test_progress_goes_through_all_stages(played: Played, progress: list[Progress]) -> None:
    assert played.performance.song == "four_notes"
    stages = list(dict.fromkeys(p.stage for p in progress))
    assert stages == [
        Stage.LOADING,
        Stage.MOVING,
        Stage.COUNTING_IN,
        Stage.PLAYING,
        Stage.DONE,
        Stage.SCORING,
    ]
    assert any(p.keys for p in progress)


def test_rosbags_reads_the_recording(played: Played) -> None:
    with AnyReader([played.folder / "recording"]) as reader:
        counts = {c.topic: c.msgcount for c in reader.connections}
        times: dict[str, list[tuple[int, Any]]] = {topic: [] for topic in counts}
        for connection, time_ns, raw in reader.messages():
            message = reader.deserialize(raw, connection.msgtype)
            times[connection.topic].append((time_ns, message))
    assert min(counts.values()) > 0
    states = times["/joint_states"]
    stamps = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for _, m in states]
    gaps = [later - earlier for earlier, later in itertools.pairwise(stamps)]
    assert sorted(gaps)[len(gaps) // 2] == 10_000_000
    assert all(gap > 0 and gap % 10_000_000 == 0 for gap in gaps)
    offset_ns = {
        m.header.stamp.sec * 10**9 + m.header.stamp.nanosec - m.monotonic_ns
        for _, m in times["/piano/key_events"]
    }
    assert len(offset_ns) == 1
    assert sum(m.down for _, m in times["/piano/key_events"]) == 4


def test_an_unknown_song_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="no song 'ode_to_joi'"):
        play("ode_to_joi", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_taken_domain_is_said_before_anything_starts(tmp_path: Path) -> None:
    with DomainLock(), pytest.raises(NodeError, match="is taken by another Da Capo graph"):
        play("ode_to_joy", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


PLAY = """
import sys
from pathlib import Path
from piano_nodes.compose import play
say = lambda progress: print(progress.stage, flush=True)
try:
    play("ode_to_joy", out=Path(sys.argv[1]), on_progress=say)
except KeyboardInterrupt:
    sys.exit(1)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stage", ["loading", "playing"])
def test_a_signal_stops_the_song_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals, stage: str
) -> None:
    player = subprocess.Popen(
        [sys.executable, "-c", PLAY, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert player.stdout is not None
    for line in player.stdout:
        if line.strip() == stage:
            break
    player.send_signal(number)
    started = time.monotonic()
    _, errors = player.communicate(timeout=20)
    assert time.monotonic() - started < 8
    assert player.returncode == 1
    assert errors == ""
    assert list(tmp_path.iterdir()) == []
