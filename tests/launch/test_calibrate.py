"""`ros2 launch launch/calibrate.launch.py`, as users run it."""

import re
import runpy
from pathlib import Path

import pytest
from launch.launch_description_sources import get_launch_description_from_python_launch_file

from dacapo.__main__ import build_parser
from tests.launch.launched import ROOT, run

FILE = ROOT / "launch" / "calibrate.launch.py"


def test_what_it_tells_a_verb_are_options_of_that_verb(capsys: pytest.CaptureFixture[str]) -> None:
    file = runpy.run_path(str(FILE))
    defaults = {name: default for name, (default, _) in file["ARGUMENTS"].items()}
    of_fit = defaults | dict.fromkeys(file["OF_FIT"], "x")
    of_loop = dict.fromkeys(defaults, "x") | {"resume": "true"}
    for verb, *words in (file["_loop"](of_loop), file["_fit"](of_fit)):
        with pytest.raises(SystemExit):
            build_parser().parse_args([verb, "--help"])
        options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
        told = {word for word in words if word.startswith("--")}
        assert told <= options, verb
        assert {"--rig", "--out"} <= told


def test_it_declares_its_arguments() -> None:
    description = get_launch_description_from_python_launch_file(str(FILE))
    declared = {argument.name for argument in description.get_launch_arguments()}
    assert declared == set(runpy.run_path(str(FILE))["ARGUMENTS"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to learn: add songs:="),
        (("songs:=ode_to_joy", "recordings:=runs/x"), "fitted without songs: leave one"),
        (("recordings:=runs/x", "device:=my.yaml"), "fitted without device: leave one"),
        (("recordings:=runs/no_such",), "no_such"),
        (("songs:=ode_to_joy",), "--mode real needs --device"),
        (("songs:=ode_to_joy", "mode:=emulated"), "plays in a world"),
        (("songs:=no_such_song", "mode:=emulated", "world:=nominal"), "no song 'no_such_song'"),
        (("songs:=ode_to_joy", "devise:=x.yaml"), "no argument 'devise': did you mean 'device'?"),
    ],
)
def test_what_cannot_be_learned_ends_with_1_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, output = run(FILE, environment, *arguments, f"out:={tmp_path / 'runs'}")
    assert code == 1
    assert message in output
    assert not list((tmp_path / "runs").glob("*"))
