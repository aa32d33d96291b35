"""The list of nodes, checked wherever the core runs: it knows no ROS."""

import ast
from pathlib import Path

from piano_nodes.graph import FRONT_END, MODES, PLAY_ARGUMENTS, NodeSpec, play_graph

ROOT = Path(__file__).parents[3]


def graph() -> tuple[NodeSpec, ...]:
    run = Path("/runs/now-ode_to_joy")
    return play_graph(
        "ode_to_joy", rig="r", mode="sim", policy="p", params="", run=run, partial=run / "part"
    )


def test_the_graph_has_the_nodes_of_the_design() -> None:
    names = [node.name for node in graph()]
    assert names == ["sim_rig", "player", "recorder", FRONT_END]


def test_all_nodes_share_one_clock_offset() -> None:
    assert len({node.parameters["clock_offset_ns"] for node in graph()}) == 1


def test_the_recording_goes_into_the_unfinished_folder() -> None:
    by_name = {node.name: node.parameters for node in graph()}
    assert by_name["recorder"]["folder"] == "/runs/now-ode_to_joy/part/recording"
    assert by_name[FRONT_END]["run"] == "/runs/now-ode_to_joy"


def test_every_executable_is_installed() -> None:
    setup = ast.parse((ROOT / "ros2_ws/src/piano_nodes/setup.py").read_text())
    scripts = [n.value for n in ast.walk(setup) if isinstance(n, ast.Constant)]
    installed = {s.split(" = ")[0] for s in scripts if isinstance(s, str) and " = " in s}
    assert {node.executable for node in graph()} <= installed


def test_only_the_song_is_required_and_everything_is_described() -> None:
    assert [a.name for a in PLAY_ARGUMENTS if a.default is None] == ["song"]
    assert all(len(a.description) > 10 for a in PLAY_ARGUMENTS)
    assert all(a.default in a.choices for a in PLAY_ARGUMENTS if a.choices)
    assert {a.name: a for a in PLAY_ARGUMENTS}["mode"].choices == MODES
