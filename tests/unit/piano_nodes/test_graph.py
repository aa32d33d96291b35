"""The list of nodes, checked wherever the core runs: it knows no ROS."""

import ast
import time
from pathlib import Path

import pytest

from piano_nodes.errors import NodeError
from piano_nodes.graph import FRONT_END, MODES, PLAY_ARGUMENTS, Graph, play_graph
from piano_nodes.modes import check_mode

ROOT = Path(__file__).parents[3]


def graph(mode: str = "sim", **asked: str) -> Graph:
    run = Path("/runs/now-ode_to_joy")
    return play_graph("ode_to_joy", mode=mode, run=run, partial=run / "part", **asked)


@pytest.mark.parametrize(
    ("mode", "rig"),
    [("sim", ["sim_rig"]), ("emulated", ["keyboard", "hand"]), ("real", ["keyboard", "hand"])],
)
def test_the_graph_has_the_nodes_of_the_design(mode: str, rig: list[str]) -> None:
    names = [node.name for node in graph(mode).nodes]
    assert names == [*rig, "player", "recorder", FRONT_END]


def test_all_nodes_share_one_clock_offset() -> None:
    for mode in MODES:
        assert len({node.parameters["clock_offset_ns"] for node in graph(mode).nodes}) == 1


def test_nodes_meet_the_emulated_rig_at_its_devices_only() -> None:
    emulated = graph("emulated", world="workshop-a", trial="7")
    spec = emulated.emulator
    assert spec is not None
    assert (spec.rig, spec.world, spec.trial) == ("leap_rail_49", "workshop-a", 7)
    assert spec.arguments[-1] == "7"
    by_name = {node.name: node.parameters for node in emulated.nodes}
    assert by_name["hand"]["port"] == spec.port
    assert by_name["keyboard"]["port"] == spec.keyboard
    said = [value for parameters in by_name.values() for value in parameters.values()]
    assert "workshop-a" not in said


@pytest.mark.parametrize(
    ("mode", "trial", "complaint"),
    [("real", "0", "mode real has no trial"), ("emulated", "-1", "count trials from 0")],
)
def test_a_trial_is_a_number_of_an_emulated_rig(mode: str, trial: str, complaint: str) -> None:
    with pytest.raises(NodeError, match=complaint):
        check_mode({"mode": mode, "trial": trial, "rig": "leap_rail_49"})


def test_two_emulated_rigs_do_not_meet() -> None:
    one = graph("emulated").emulator
    time.sleep(0.002)
    other = graph("emulated").emulator
    assert one is not None
    assert other is not None
    assert one.port != other.port
    assert one.keyboard != other.keyboard


def test_the_hardware_is_what_the_user_named() -> None:
    by_name = {
        node.name: node.parameters
        for node in graph("real", device="my.yaml", port="/dev/ttyUSB3", keyboard="key").nodes
    }
    assert by_name["hand"]["device"] == "my.yaml"
    assert by_name["hand"]["port"] == "/dev/ttyUSB3"
    assert by_name["keyboard"]["port"] == "key"
    assert graph("real").emulator is None


def test_parameters_are_known_to_who_plays_and_to_the_simulator_only() -> None:
    for mode in MODES:
        nodes = graph(mode, params="fitted.yaml").nodes
        told = {node.name for node in nodes if node.parameters.get("params") == "fitted.yaml"}
        assert told == {"player", "recorder"} | ({"sim_rig"} if mode == "sim" else set())


def test_the_recording_goes_into_the_unfinished_folder() -> None:
    by_name = {node.name: node.parameters for node in graph().nodes}
    assert by_name["recorder"]["folder"] == "/runs/now-ode_to_joy/part/recording"
    assert by_name[FRONT_END]["run"] == "/runs/now-ode_to_joy"


def test_every_executable_is_installed() -> None:
    setup = ast.parse((ROOT / "ros2_ws/src/piano_nodes/setup.py").read_text())
    scripts = [n.value for n in ast.walk(setup) if isinstance(n, ast.Constant)]
    installed = {s.split(" = ")[0] for s in scripts if isinstance(s, str) and " = " in s}
    assert {node.executable for node in graph().nodes} <= installed


def test_only_the_song_is_required_and_everything_is_described() -> None:
    assert [a.name for a in PLAY_ARGUMENTS if a.default is None] == ["song"]
    assert all(len(a.description) > 10 for a in PLAY_ARGUMENTS)
    assert all(a.default in a.choices for a in PLAY_ARGUMENTS if a.choices)
    assert {a.name: a for a in PLAY_ARGUMENTS}["mode"].choices == MODES
