"""The executables of this package; `ros2 run piano_nodes NAME`.

Imports nothing heavy: nodes need packages that not every mode of the graph needs.
"""

from __future__ import annotations

import sys

from piano_nodes.process import run_node, run_until_stopped

NODES = {
    "sim_rig": ("piano_nodes.sim_rig", "SimRig"),
    "hand": ("piano_nodes.hand", "Hand"),
    "keyboard": ("piano_nodes.keyboard", "Keyboard"),
    "player": ("piano_nodes.player", "Player"),
    "recorder": ("piano_nodes.recorder", "Recorder"),
    "play_client": ("piano_nodes.play_client", "PlayClient"),
}
"""Module and class behind the executable of every node."""


def sim_rig() -> int:
    """Run the simulated rig."""
    return run_node(*NODES["sim_rig"])


def hand() -> int:
    """Run the driver of the hand."""
    return run_node(*NODES["hand"])


def keyboard() -> int:
    """Run the MIDI keyboard."""
    return run_node(*NODES["keyboard"])


def player() -> int:
    """Run the player."""
    return run_node(*NODES["player"])


def recorder() -> int:
    """Run the recorder."""
    return run_node(*NODES["recorder"])


def play_client() -> int:
    """Play one song, then end."""
    return run_node(*NODES["play_client"])


def emulated_rig() -> int:
    """Run an emulated rig; arguments: rig, world, serial device, name of the keyboard, trial."""
    return run_until_stopped("piano_nodes.emulated_rig", "run", sys.argv[1:6])
