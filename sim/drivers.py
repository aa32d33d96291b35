"""What drives a rig's real motors: the `driver` section of a rig file.

A driver is how a rig is reached, not what it is: two rigs that differ in nothing else have the
same hash, and a policy trained for one plays the other.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from sim.yaml_files import Section

Register = Annotated[int, Field(ge=0, le=16383)]
MotorId = Annotated[int, Field(ge=0, le=252)]
Topic = Annotated[str, Field(pattern=r"^(/[A-Za-z_][A-Za-z0-9_]*)+$")]


class Gains(Section):
    """Raw values of a motor's position controller; what stiffness they give is not documented.

    So nothing is converted: the nominal stiffness and damping of the rig are by definition what
    these values give, and calibration finds out how far that is true.
    """

    position_p: Register = Field(description="register Position_P_Gain")
    position_d: Register = Field(description="register Position_D_Gain")


class DynamixelDriver(Section):
    """All motors of hand and rail on one serial bus."""

    kind: Literal["dynamixel"]
    model: Literal["xc330_m288", "xl330_m288"]
    port: str = Field(min_length=1, description="serial device, unless the command names one")
    baud_rate: Literal[57600, 115200, 1000000, 2000000, 3000000, 4000000]
    motors: dict[str, MotorId] = Field(description="id of every joint's motor, parked ones too")
    finger_gains: Gains
    rail_gains: Gains
    rail_m_per_rad: float = Field(gt=0, le=1, description="effective pulley radius")
    rail_stop_m: float = Field(description="where the carriage is when it touches its end stop")

    @field_validator("motors")
    @classmethod
    def _one_each(cls, motors: dict[str, int]) -> dict[str, int]:
        joints = {motor: joint for joint, motor in motors.items()}
        for joint, motor in motors.items():
            if joints[motor] != joint:
                raise ValueError(f"{joint} and {joints[motor]} share motor {motor}")
        return motors

    def check(self, joints: set[str], rail_range_m: tuple[float, float]) -> None:
        """See that the driver fits the rig.

        Args:
            joints: every joint that has a motor, actuated or parked.
            rail_range_m: travel of the rail.

        Raises:
            ValueError: a joint has no motor, a motor has no joint, or the end stop stands within
                the travel.
        """
        if missing := sorted(joints - set(self.motors)):
            raise ValueError(f"driver.motors: no motor for {', '.join(missing)}")
        if unknown := sorted(set(self.motors) - joints):
            raise ValueError(f"driver.motors: the rig has no joint {', '.join(unknown)}")
        low, high = rail_range_m
        if low < self.rail_stop_m < high:
            raise ValueError("driver.rail_stop_m: the stop stands within rail.range_m")


class TrajectoryController(Section):
    """A ROS 2 trajectory controller and which joints it moves."""

    command_topic: Topic = Field(description="takes trajectory_msgs/JointTrajectory")
    state_topic: Topic = Field(description="gives sensor_msgs/JointState")
    joints: dict[str, str] = Field(min_length=1, description="the controller's name of each joint")
    ramp_s: float = Field(
        default=0.0,
        ge=0.0,
        le=0.5,
        description="time over which the controller interpolates to a target; 0: it jumps",
    )


class RosTrajectoryDriver(Section):
    """Hand and arm behind controllers of their own."""

    kind: Literal["ros_trajectory"]
    controllers: tuple[TrajectoryController, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_each(self) -> RosTrajectoryDriver:
        named = [joint for controller in self.controllers for joint in controller.joints]
        if twice := sorted({joint for joint in named if named.count(joint) > 1}):
            raise ValueError(f"controllers: two move {', '.join(twice)}")
        return self

    @property
    def ramps_s(self) -> dict[str, float]:
        """Interpolation time of every joint [s]."""
        return {joint: each.ramp_s for each in self.controllers for joint in each.joints}

    def check(self, joints: set[str], parked: set[str]) -> None:
        """See that the driver fits the rig.

        Args:
            joints: the actuated joints.
            parked: joints that may but need not have a controller.

        Raises:
            ValueError: a joint has no controller, or a controller moves a joint that is not there.
        """
        named = set(self.ramps_s)
        if missing := sorted(joints - named):
            raise ValueError(f"driver.controllers: none moves {', '.join(missing)}")
        if unknown := sorted(named - joints - parked):
            raise ValueError(f"driver.controllers: the rig has no joint {', '.join(unknown)}")


Driver = Annotated[DynamixelDriver | RosTrajectoryDriver, Field(discriminator="kind")]
"""The `driver` section of a rig file."""
