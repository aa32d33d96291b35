"""Where an emulated motor's shaft is, where it is to go, and how its encoder counts."""

from __future__ import annotations

import math

from hardware.bus.registers import A_PER_UNIT, RAD_PER_TICK, RAD_S_PER_UNIT, TICKS_PER_TURN


class Motion:
    """Shaft, encoder, goal and motion profile of one motor, in ticks.

    The encoder knows the angle of the shaft but not its turn: turns are counted from where the
    shaft is when power comes on.

    Args:
        shaft_rad: Angle of the shaft, counted over all turns [rad].

    Attributes:
        offset: Homing_Offset [ticks].
        profile_speed: Profile_Velocity [ticks/s]; 0: goals are jumped to.
        goal: Goal_Position [ticks].
        trajectory: Position to which the controller pulls at the moment [ticks].
        goal_rad: The same as an angle of the shaft [rad].
    """

    def __init__(self, shaft_rad: float) -> None:
        self.offset = 0
        self.profile_speed = 0.0
        self._shaft = (shaft_rad, 0.0, 0.0)
        self.forget_turns()

    def sense(self, angle_rad: float, speed_rad_s: float, current_a: float) -> None:
        """Take note of how the shaft is: angle over all turns, speed, current."""
        self._shaft = (angle_rad, speed_rad_s, current_a)

    @property
    def position(self) -> int:
        """Present_Position [ticks]."""
        return round(self._shaft[0] / RAD_PER_TICK) - self._turns + self.offset

    @property
    def present(self) -> tuple[int, int, int]:
        """Present_Current, Present_Velocity and Present_Position."""
        _, speed, current = self._shaft
        return round(current / A_PER_UNIT), round(speed / RAD_S_PER_UNIT), self.position

    def forget_turns(self) -> None:
        """Count turns from here, and stay here."""
        ticks = round(self._shaft[0] / RAD_PER_TICK)
        self._turns = ticks - ticks % TICKS_PER_TURN
        self.hold()

    def hold(self) -> None:
        """Make the present position the goal, at once."""
        self.goal = self.position
        self._pull_to(self.goal)

    def start(self) -> None:
        """Torque comes on: a motion profile begins where the shaft is."""
        self._pull_to(self.position if self.profile_speed else self.goal)

    def go(self, goal: int) -> None:
        """Take a new goal [ticks]."""
        self.goal = goal
        if not self.profile_speed:
            self._pull_to(goal)

    def advance(self, elapsed_s: float) -> None:
        """Follow the motion profile; acceleration is taken as unlimited."""
        if self.trajectory == self.goal:
            return
        step, left = self.profile_speed * elapsed_s, self.goal - self.trajectory
        if not self.profile_speed or abs(left) <= step:
            self._pull_to(self.goal)
        else:
            self._pull_to(self.trajectory + math.copysign(step, left))

    def _pull_to(self, position: float) -> None:
        self.trajectory = position
        self.goal_rad = (position - self.offset + self._turns) * RAD_PER_TICK
