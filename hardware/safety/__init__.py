"""What keeps hand and keyboard whole: states, current limits, and postures that are refused.

Nothing here talks to hardware, reads a clock or needs ROS: whoever drives a hand tells what
happened and when, and does what it is told.
"""

from hardware.safety.derating import Derating, MotorRating, motor_ratings
from hardware.safety.monitor import Decision, SafetyMonitor, SafetyState

__all__ = ["Decision", "Derating", "MotorRating", "SafetyMonitor", "SafetyState", "motor_ratings"]
