"""The executables of this package; `ros2 run piano_nodes NAME`."""

from piano_nodes.process import run_node


def sim_rig() -> int:
    """Run the simulated rig."""
    return run_node("piano_nodes.sim_rig", "SimRig")


def player() -> int:
    """Run the player."""
    return run_node("piano_nodes.player", "Player")


def recorder() -> int:
    """Run the recorder."""
    return run_node("piano_nodes.recorder", "Recorder")


def play_client() -> int:
    """Play one song, then end."""
    return run_node("piano_nodes.play_client", "PlayClient")
