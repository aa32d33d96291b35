"""What is left of a run that did not come to its end."""

from __future__ import annotations

from pathlib import Path

from calibration.recordings import RecordingError
from calibration.recordings.folders import read_bag
from piano_nodes.names import JOINT_STATES
from policies.run_folder import RunFolder

RECORDING = "recording"
"""The recording's folder in that of the run."""


def give_up(run: RunFolder, mode: str) -> Path | None:
    """Clear up after a performance that failed, once all nodes have ended.

    What hardware did, emulated or real, is not done again so easily, and whoever wonders what
    happened looks there: its recording is kept if it holds anything of the hand.

    Args:
        run: Its folder; one that is whole already is left alone.
        mode: Of the graph.

    Returns:
        Where the recording is now; None when nothing is left.

    Raises:
        PolicyError: when it cannot be moved.
    """
    kept = None
    if mode != "sim" and _holds_states(run.partial / RECORDING):
        kept = run.keep(RECORDING)
    run.discard()
    return kept


def _holds_states(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    try:
        messages = read_bag(folder).contents.messages
    except RecordingError:
        return False
    return any(message.topic == JOINT_STATES for message in messages)
