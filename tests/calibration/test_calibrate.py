"""From recordings of a world to its parameters: the truth is found, and only what is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from calibration.errors import CalibrationError
from calibration.recordings import KeyEvents, Recording, read_recording
from calibration.study.calibrate import calibrate, join
from calibration.study.result import Calibration
from calibration.virtual import play_virtual
from dacapo.__main__ import main
from hardware.world import World, load_world
from hardware.world.physics import true_parameters
from score import Note, Score, write_midi
from sim import ParameterError, PhysicsParameters, load_rig, read_fitted
from tests.unit.playing import nominal_model

RIG = load_rig("leap_rail_49")
WORLD = World.model_validate(
    {
        "schema": 1,
        "name": "known",
        "hand": {"stiffness_scale": 0.8},
        "keyboard": {"offset_m": [0.0, 0.0, -0.0012]},
        "timing": {"command_delay_s": 0.022, "state_delay_s": 0.004},
        "sensing": {"encoder_noise_rad": 0.0005},
    }
)
NAMES = ("finger_stiffness_nm_per_rad", "command_delay_s", "state_delay_s", "keyboard_z_m")
TRIALS = 48


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few notes, played twice in a world."""
    folder = tmp_path_factory.mktemp("recorded")
    pitches = (60, 62, 64, 65, 67, 64, 60, 62)
    notes = tuple(Note(p, 0.5 * i, 0.5 * i + 0.4) for i, p in enumerate(pitches))
    write_midi(Score("notes", notes, ()), folder / "notes.mid")
    model, world = nominal_model(RIG.name), folder / "known.yaml"
    world.write_text(yaml.safe_dump(WORLD.model_dump(mode="json", by_alias=True)))
    for trial in range(2):
        song, out, there = str(folder / "notes.mid"), folder / str(trial), load_world(str(world))
        play_virtual(song, model=model, policy="planner", world=there, trial=trial, out=out)
    world.unlink()  # what it holds is to be found
    return folder


@pytest.fixture(scope="module")
def recordings(recorded: Path) -> list[Recording]:
    return [read_recording(next((recorded / str(trial)).iterdir())) for trial in range(2)]


@pytest.fixture(scope="module")
def found(recordings: list[Recording], tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    out = tmp_path_factory.mktemp("found") / "rig.yaml"
    return calibrate(recordings, RIG, out=out, trials=TRIALS, names=NAMES)


def test_the_truth_is_found(found: Calibration) -> None:
    truth, values = true_parameters(RIG, WORLD).values, found.parameters.values
    stiffness = "finger_stiffness_nm_per_rad"
    assert values[stiffness] == pytest.approx(truth[stiffness], rel=0.03)
    assert values["command_delay_s"] == pytest.approx(0.022, abs=0.003)
    assert found.state_delay_s == pytest.approx(0.004, abs=0.003)
    assert values["keyboard_z_m"] == pytest.approx(-0.0012, abs=0.0003)
    assert set(found.identifiable) == set(NAMES)
    assert found.on_bound == ()


def test_it_helps_on_what_it_has_not_seen(found: Calibration) -> None:
    assert found.accepted
    assert found.heldout_after < 0.2 * found.heldout_before
    gap = found.judged_after.gap
    assert gap is not None
    assert gap.onset_mae_ms < 3.0
    assert gap.missed + gap.extra == 0


def test_intervals_are_narrow_and_hold_the_fit(found: Calibration) -> None:
    for name, (low, high) in found.intervals.items():
        assert low < found.parameters.values[name] < high
    low, high = found.intervals["command_delay_s"]
    assert high - low < 0.01


def test_files_tell_all_of_it(found: Calibration) -> None:
    fitted = read_fitted(found.path, RIG)
    assert fitted.parameters.values == found.parameters.values
    assert fitted.intervals == found.intervals
    assert fitted.provenance["accepted"] is True
    page = found.path.with_suffix(".html").read_text()
    assert "Accepted" in page
    assert "keyboard_z_m" in page
    assert page.count("<polyline") > 6
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "known" not in found.path.read_text()  # nothing names the world


def test_a_finished_study_gives_the_same_again(
    found: Calibration, recordings: list[Recording], tmp_path: Path
) -> None:
    study = tmp_path / "rig.study"
    shutil.copy(found.path.with_suffix(".study"), study)
    again = calibrate(recordings, RIG, out=tmp_path / "rig.yaml", trials=TRIALS, names=NAMES)
    assert again.parameters.values == found.parameters.values
    assert again.trials == found.trials
    assert study.read_bytes().count(b'"state":1') == (
        found.path.with_suffix(".study").read_bytes().count(b'"state":1')
    )
    assert (tmp_path / "rig.yaml").read_text().replace(str(tmp_path), "") == (
        found.path.read_text().replace(str(found.path.parent), "")
    )
    help_there = partial(join, recordings, RIG, study=str(study), out=again.path, names=NAMES)
    joined = help_there(trials=TRIALS)
    assert joined == 0  # it is finished
    with pytest.raises(CalibrationError, match="begin it without"):
        help_there(trials=TRIALS + 1)


def test_what_a_budget_cut_short_is_done_in_full_later(
    found: Calibration, recordings: list[Recording], tmp_path: Path
) -> None:
    """From copies: where recordings lie does not matter, and the file of their world is gone."""
    copies = [shutil.copytree(r.folder, tmp_path / str(i)) for i, r in enumerate(recordings)]
    alone, out = [read_recording(copy) for copy in copies], tmp_path / "rig.yaml"
    cut = calibrate(alone, RIG, out=out, trials=TRIALS, names=NAMES, budget_s=1.0)
    assert cut.trials < found.trials
    again = calibrate(alone, RIG, out=out, trials=TRIALS, names=NAMES, workers=2)
    assert again.trials == found.trials
    assert again.parameters.values == found.parameters.values
    assert again.intervals == found.intervals


def test_what_the_file_holds_is_what_was_known_before(
    found: Calibration, recordings: list[Recording], tmp_path: Path
) -> None:
    """A study of less, in the place of a good file: it is judged against that, and goes on."""
    out = tmp_path / "rig.yaml"
    shutil.copy(found.path, out)
    names = ("key_damping_nms_per_rad", "state_delay_s")
    fit_less = partial(calibrate, recordings, RIG, out=out, trials=8, names=names)
    first = fit_less()
    assert first.heldout_before == pytest.approx(found.heldout_after, rel=0.5)
    assert first.heldout_before < 0.5 * found.heldout_before
    kept = first.parameters if first.accepted else found.parameters
    assert read_fitted(out, RIG).parameters.values == kept.values
    again = fit_less()
    assert again.parameters.values == first.parameters.values
    assert again.trials == first.trials
    nominal = PhysicsParameters.nominal(RIG)
    with pytest.raises(CalibrationError, match=r"rig\.yaml exists .* --params .*rig\.yaml, or"):
        fit_less(previous=nominal, seed=1)
    out.write_text("dear diary")
    with pytest.raises(ParameterError, match=r"rig\.yaml"):
        fit_less()
    assert out.read_text() == "dear diary"


def test_a_worse_fit_is_kept_and_not_used(recordings: list[Recording], tmp_path: Path) -> None:
    """Nothing beats the truth, known with its reading delay: what gains nothing is refused."""
    result = calibrate(
        recordings,
        RIG,
        out=tmp_path / "rig.yaml",
        trials=8,
        names=("key_damping_nms_per_rad",),
        previous=true_parameters(RIG, WORLD),
        previous_state_delay_s=WORLD.timing.state_delay_s,
    )
    assert result.heldout_after >= result.heldout_before
    assert not result.accepted
    assert not (tmp_path / "rig.yaml").exists()
    document = yaml.safe_load((tmp_path / "rig.rejected.yaml").read_text())
    assert document["provenance"]["accepted"] is False
    assert "Rejected" in (tmp_path / "rig.rejected.html").read_text()


def test_old_parameters_are_judged_as_they_are(recordings: list[Recording], tmp_path: Path) -> None:
    """From beyond a bound the fit begins at the bound; what is judged is what was known."""
    truth = true_parameters(RIG, WORLD)
    beyond, at_bound = (
        calibrate(
            recordings,
            RIG,
            out=tmp_path / f"{delay_s}.yaml",
            trials=8,
            names=("command_delay_s",),
            previous=truth.with_values(command_delay_s=delay_s),
        )
        for delay_s in (0.16, 0.12)
    )
    assert beyond.heldout_after == pytest.approx(at_bound.heldout_after)
    assert beyond.heldout_before > 1.02 * at_bound.heldout_before
    assert beyond.beyond == ("command_delay_s",)
    assert at_bound.beyond == ()
    page = beyond.path.with_suffix(".html").read_text()
    assert "beyond the bounds of the fit, which began there: command_delay_s" in page
    assert "<td>0.16</td>" in page


def test_a_song_that_was_never_hit_is_left_out_and_named(
    recordings: list[Recording], tmp_path: Path
) -> None:
    nothing = np.zeros(0, np.int64)
    silent = replace(
        recordings[0],
        folder=tmp_path / "never_hit",
        events=KeyEvents(nothing, nothing, nothing, nothing.astype(bool), nothing),
    )
    fit = partial(calibrate, trials=8, names=("command_delay_s",))
    result = fit([*recordings, silent], RIG, out=tmp_path / "with.yaml")
    assert result.silent == (str(tmp_path / "never_hit"),)
    assert f"no key sounds in them: {tmp_path / 'never_hit'}" in (
        result.path.with_suffix(".html").read_text()
    )
    without = fit(recordings, RIG, out=tmp_path / "without.yaml")
    assert result.parameters.values == without.parameters.values


def test_the_verb_and_its_refusals(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rig.yaml"
    runs = [str(next((recorded / str(trial)).iterdir())) for trial in range(2)]
    (tmp_path / "rig.study").write_text("dear diary")
    assert main(["calibrate", *runs, "--out", str(out)]) == 1
    assert "rig.study is damaged" in capsys.readouterr().err
    assert main(["calibrate", *runs, "--rig", "allegro_slide_49", "--out", str(out)]) == 1
    assert "--rig" in capsys.readouterr().err
    assert not out.exists()
