"""Names of the topics, services and actions, written once."""

JOINT_STATES = "/joint_states"
JOINT_TRAJECTORY = "/hand/joint_trajectory"
KEY_EVENTS = "/piano/key_events"
DIAGNOSTICS_TOPIC = "/diagnostics"
HAND_STOP = "/hand/stop"
RECORDER_STOP = "/recorder/stop"
PLAY = "/play"

RECORDED = {
    JOINT_STATES: "sensor_msgs/msg/JointState",
    JOINT_TRAJECTORY: "trajectory_msgs/msg/JointTrajectory",
    KEY_EVENTS: "piano_msgs/msg/KeyEvent",
    DIAGNOSTICS_TOPIC: "diagnostic_msgs/msg/DiagnosticArray",
}
"""The topics that a recording holds, with their types."""
