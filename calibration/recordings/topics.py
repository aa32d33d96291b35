"""The streams that a recording holds: written once, for the ROS graph and for everything else."""

from __future__ import annotations

JOINT_STATES = "/joint_states"
"""What the encoders read; stamped with the moment of reading."""
SENT_TARGETS = "/hand/sent_targets"
"""Joint targets as they went to the motors, limited; stamped with the moment of sending."""
JOINT_TRAJECTORY = "/hand/joint_trajectory"
"""Joint targets as a policy asked for them, before any limit."""
KEY_EVENTS = "/piano/key_events"
PERFORMANCE = "/piano/performance"
"""The scored result, once, at the end."""
DIAGNOSTICS = "/diagnostics"

MESSAGE_TYPES = {
    JOINT_STATES: "sensor_msgs/msg/JointState",
    SENT_TARGETS: "trajectory_msgs/msg/JointTrajectory",
    JOINT_TRAJECTORY: "trajectory_msgs/msg/JointTrajectory",
    KEY_EVENTS: "piano_msgs/msg/KeyEvent",
    PERFORMANCE: "piano_msgs/msg/Performance",
    DIAGNOSTICS: "diagnostic_msgs/msg/DiagnosticArray",
}
"""The type of every stream, by its topic."""
