"""The command line as a user meets it: exit codes, one line per error, JSON and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dacapo.__main__ import VERBS, main
from dacapo.inputs import load_goals, load_model
from policies import make_plan
from policies.bundle import untrained_bundle, write_bundle
from score import Note, Score, write_midi

ROOT = Path(__file__).resolve().parents[3]
RIG = ROOT / "sim/rigs/leap_rail_49.yaml"


def dacapo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the real command in a process of its own."""
    command = [sys.executable, "-m", "dacapo", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a failing verb prints; it prints nothing else and exits with 1."""
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1, printed.err
    return printed.err


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, dacapo.__main__ as m; m.build_parser();"
        "print(*{'numpy', 'mujoco', 'score', 'sim', 'policies', 'rclpy'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_on_one_page(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    page = capsys.readouterr().out
    assert "examples:\n  dacapo " + verb in page
    assert len(page.splitlines()) <= 50


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["conduct"],
        ["play"],
        ["play", "ode_to_joy", "--mode", "telepathy"],
        ["evaluate", "ode_to_joy", "--episodes", "0"],
        ["evaluate", "ode_to_joy", "--tempo", "-1"],
        ["bench", "everything"],
    ],
)
def test_bad_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: dacapo")


def test_a_process_fails_with_one_line_and_1() -> None:
    result = dacapo("evaluate", "ode_to_joi")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "ode_to_joy" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_process_with_bad_usage_fails_with_2() -> None:
    assert dacapo("sing").returncode == 2


def test_songs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--json"]) == 0
    songs = {song["name"]: song for song in json.loads(capsys.readouterr().out)["songs"]}
    assert songs["twinkle_twinkle_little_star"]["notes"] == 42
    assert main(["songs"]) == 0
    assert "twinkle_twinkle_little_star" in capsys.readouterr().out


def test_songs_of_the_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--corpus", "schoenberg", "--json"]) == 0
    songs = json.loads(capsys.readouterr().out)["songs"]
    assert [song["name"][-9:] for song in songs] == ["movement2", "movement6"]
    assert songs[1]["most_keys"] == 8
    assert songs[1]["span_keys"] > songs[0]["span_keys"] > 0
    assert "name one of bach, " in complaint(capsys, "songs", "--corpus", "bahc")


def test_one_piece_that_cannot_be_read_hides_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--corpus", "webern"]) == 0
    printed = capsys.readouterr()
    assert "webern_dormi_jesu_op_16_no_2: left out: " in printed.err
    assert printed.out.startswith("song ")


def test_two_hands_say_what_they_leave_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = tmp_path / "deep.mid"
    write_midi(Score("deep", tuple(Note(pitch, 0.0, 0.3) for pitch in (10, 12, 60))), song)
    play = ["play", str(song), "--rig", "shadow_pair_88", "--policy", "planner"]
    assert main([*play, "--out", str(tmp_path)]) == 0
    assert f"{song}: no key for A#-1, C0: left out" in capsys.readouterr().err


def test_evaluate_a_song_of_the_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    message = complaint(capsys, "evaluate", "bach/bwv253", "--policy", "planner")
    assert "bach_bwv253" in message  # four voices are too many for one hand
    assert "did you mean bach/bwv253" in complaint(capsys, "evaluate", "bach/bwv253a")


def test_rigs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rigs", "--json"]) == 0
    rigs = {rig["name"]: rig for rig in json.loads(capsys.readouterr().out)["rigs"]}
    assert rigs["leap_rail_49"]["default"]
    assert rigs["allegro_slide_49"]["joints"] == 13


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert Path(info["paths"]["project"]) == ROOT
    assert info["versions"]["mujoco"].startswith("3.")


def test_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = tmp_path / "two_notes.mid"
    write_midi(Score("two_notes", (Note(60, 0.0, 0.5), Note(64, 0.5, 1.0))), song)
    assert main(["evaluate", str(song), "--episodes", "3", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["policy"], result["rig"]) == ("planner", "leap_rail_49")
    scores = result["songs"][str(song)]
    low, high = scores["frame_f1_interval"]
    assert 0.5 < low <= scores["frame_f1"] <= high <= 1.0
    assert scores["episodes"] == 3
    assert abs(scores["onset_error_ms_median"]) < 50


@pytest.mark.parametrize("verb", ["play", "evaluate"])
@pytest.mark.parametrize(
    "content",
    [None, b"", b"MThd", b"no music at all", b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0"],
    ids=["missing", "empty", "truncated", "not MIDI", "no notes"],
)
def test_bad_midi_file(
    verb: str, content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = tmp_path / "song.mid"
    if content is not None:
        song.write_bytes(content)
    assert "song.mid" in complaint(capsys, verb, str(song))


def test_song_without_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = tmp_path / "whistle.mid"
    write_midi(Score("whistle", (Note(127, 0.0, 1.0),)), song)
    assert "whistle" in complaint(capsys, "evaluate", str(song))


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("colour: red", "colour"),
        ("finger: {stiffness_nm_per_rad: -1}", "stiffness_nm_per_rad"),
    ],
    ids=["unknown field", "out of range"],
)
def test_bad_rig_file(
    line: str, field: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = tmp_path / "rig.yaml"
    key = line.partition(":")[0] + ":"
    kept = (
        RIG.read_text().split("\n" + key)[0] if f"\n{key}" in RIG.read_text() else RIG.read_text()
    )
    rig.write_text(kept + "\n" + line + "\n")
    message = complaint(capsys, "evaluate", "ode_to_joy", "--rig", str(rig))
    assert "rig.yaml" in message
    assert field in message


def test_unknown_rig(capsys: pytest.CaptureFixture[str]) -> None:
    assert "leap_rail_49" in complaint(capsys, "evaluate", "ode_to_joy", "--rig", "leap_rail_94")


def test_unknown_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert "psychic" in complaint(capsys, "evaluate", "ode_to_joy", "--policy", "psychic")


@pytest.mark.parametrize("verb", ["play", "evaluate"])
@pytest.mark.parametrize(
    "content",
    [None, b"", b"PK\3\4", b"no weights at all"],
    ids=["missing", "empty", "truncated", "no bundle"],
)
def test_bad_policy_bundle(
    verb: str, content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "policy.npz"
    if content is not None:
        bundle.write_bytes(content)
    arguments = ["--out", str(tmp_path)] if verb == "play" else []
    message = complaint(capsys, verb, "ode_to_joy", "--policy", str(bundle), *arguments)
    assert "policy.npz" in message


@pytest.mark.parametrize("verb", ["play", "evaluate"])
def test_bundle_for_another_rig_or_song(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_model("leap_rail_49", None)
    goals = load_goals("hot_cross_buns", model)
    bundle = tmp_path / "policy.npz"
    write_bundle(untrained_bundle(model, goals, make_plan(goals, model), (4,)), bundle)
    arguments = ["--policy", str(bundle), *(["--out", str(tmp_path)] if verb == "play" else [])]
    assert "plays 'hot_cross_buns'" in complaint(capsys, verb, "ode_to_joy", *arguments)
    other_rig = ["--rig", "allegro_slide_49"]
    message = complaint(capsys, verb, "hot_cross_buns", *other_rig, *arguments)
    assert "trained for rig 'leap_rail_49', not 'allegro_slide_49'" in message


def test_bench_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "policy", "--repeats", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert 0 < result["leap_rail_49"]["call_ms_p50"] <= result["leap_rail_49"]["call_ms_p99"]
    assert result["import_s"] > 0
    assert result["jax_imported"] is False


def test_missing_parameters_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no.yaml" in complaint(capsys, "evaluate", "ode_to_joy", "--params", "no.yaml")


def test_unwritable_output_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    message = complaint(capsys, "play", "ode_to_joy", "--out", str(tmp_path / "file/runs"))
    assert str(tmp_path / "file") in message


def test_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("score.song_names", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["songs"])


def test_reader_that_has_seen_enough() -> None:
    command = f"{sys.executable} -m dacapo songs | head -n 1"
    result = subprocess.run(
        ["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("song")
    assert result.stderr == ""
