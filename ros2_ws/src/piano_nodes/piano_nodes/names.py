"""Names of the topics, services and actions, written once; topics are those of recordings."""

from calibration.recordings.topics import (
    DIAGNOSTICS,
    JOINT_STATES,
    JOINT_TRAJECTORY,
    KEY_EVENTS,
    MESSAGE_TYPES,
    PERFORMANCE,
    SENT_TARGETS,
)

HAND_STOP = "/hand/stop"
HAND_RESET = "/hand/reset"
HAND_REST = "/hand/rest"
RECORDER_STOP = "/recorder/stop"
PLAY = "/play"

__all__ = [
    "DIAGNOSTICS",
    "HAND_RESET",
    "HAND_REST",
    "HAND_STOP",
    "JOINT_STATES",
    "JOINT_TRAJECTORY",
    "KEY_EVENTS",
    "MESSAGE_TYPES",
    "PERFORMANCE",
    "PLAY",
    "RECORDER_STOP",
    "SENT_TARGETS",
]
