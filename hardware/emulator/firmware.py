"""One emulated motor: what the firmware of an XC330 or XL330 does with its control table.

Source of the behaviour: ROBOTIS e-Manual, pages XC330-M288, XL330-M288 and Protocol 2.0; where it
is silent, `docs/emulator.md` says what was assumed. The shaft, the clock and the line are someone
else's: this module holds no thread and reads no clock.
"""

from __future__ import annotations

import struct

from hardware.bus.packets import ALERT, ErrorNumber
from hardware.bus.registers import (
    A_PER_UNIT,
    BAUD_OF_CODE,
    CODE_OF_BAUD,
    MODELS,
    RAD_PER_TICK,
    RAD_S_PER_UNIT,
    RETURN_DELAY_S_PER_UNIT,
    V_PER_UNIT,
    WATCHDOG_S_PER_UNIT,
    OperatingMode,
)
from hardware.emulator.health import NOMINAL_V, OVERLOAD_BIT, Health
from hardware.emulator.motion import Motion
from hardware.emulator.rules import WATCHDOG_TRIPPED, refusal
from hardware.emulator.table import ControlTable

FIRMWARE_VERSION = 52
FAST_SYNC_READ_VERSION = 46
"""Firmware older than this does not answer a fast sync read."""

FACTORY_RETURN_DELAY = 250
"""Return_Delay_Time from the factory: 0.5 ms."""

REBOOT_NS = 200_000_000
"""How long a motor says nothing after a reboot [ns]; assumed, the manual does not say."""

PWM_FULL = 885
"""Goal_PWM of 100 %."""

_FIRST_PRESENT = 120  # from this address on registers say how things are, not how they should be
_CYCLIC = (126, 10)  # current, velocity, position: what a driver reads a hundred times a second
_GAINS = (
    *("Velocity_I_Gain", "Velocity_P_Gain", "Position_D_Gain", "Position_I_Gain"),
    *("Position_P_Gain", "Feedforward_2nd_Gain", "Feedforward_1st_Gain"),
)


class Motor:
    """One motor with its control table, from the line's side and from the shaft's.

    Args:
        model: One of `hardware.bus.registers.MODELS`.
        motor_id: 0 to 252.
        baud_rate: One of `CODE_OF_BAUD` [bit/s].
        shaft_rad: Where the shaft stands when power comes on, counted over all turns [rad].
        return_delay: Value of Return_Delay_Time.
        firmware: Version that it tells.

    Attributes:
        table: The control table.
        motor_id: Its id on the bus.
        baud_rate: Of its serial port [bit/s].
        reads_fast: Whether its firmware knows the fast sync read.
        health: Supply, temperature and hardware errors.
        torque_on: Whether it pulls at all.
        current_limit_a: Most that it may draw [A].
        gains: Position_P_Gain and Position_D_Gain.
        heard_ns: When it last heard an instruction [ns].
        silent: Its cable is broken: it neither hears nor answers, and goes on by itself.
    """

    def __init__(
        self,
        model: str,
        motor_id: int,
        baud_rate: int,
        shaft_rad: float = 0.0,
        *,
        return_delay: int = FACTORY_RETURN_DELAY,
        firmware: int = FIRMWARE_VERSION,
    ) -> None:
        self.model = MODELS[model]
        self.table = ControlTable(model)
        self.table["Firmware_Version"] = firmware
        self.table["ID"] = motor_id
        self.table["Baud_Rate"] = CODE_OF_BAUD[baud_rate]
        self.table["Return_Delay_Time"] = return_delay
        self.motor_id, self.baud_rate = motor_id, baud_rate
        self.reads_fast = firmware >= FAST_SYNC_READ_VERSION
        self.health = Health(self.table)
        self.silent = False
        self.heard_ns = 0
        self._motion = Motion(shaft_rad)
        self._kept: tuple[int, bytes] | None = None
        self._now_ns = 0
        self._wakes_ns = 0
        self._power_on()

    @property
    def return_delay_s(self) -> float:
        """How long it waits before it answers [s]."""
        return self.table["Return_Delay_Time"] * RETURN_DELAY_S_PER_UNIT

    @property
    def return_level(self) -> int:
        """Status_Return_Level: which instructions it answers."""
        return self.table["Status_Return_Level"]

    @property
    def alert(self) -> int:
        """`ALERT` while a hardware error is set, else 0: a part of every status packet."""
        return ALERT if self.health.errors else 0

    @property
    def goal_rad(self) -> float:
        """Angle of the shaft to which it pulls [rad]."""
        return self._motion.goal_rad

    def awake(self, now_ns: int) -> bool:
        """Whether it is on the bus: neither cut off nor rebooting."""
        return not self.silent and now_ns >= self._wakes_ns

    def ping(self) -> bytes:
        """Model number and firmware version, as the answer to a ping tells them."""
        return struct.pack("<HB", self.model.number, self.table["Firmware_Version"])

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes of the control table; None where it has none."""
        if (address, size) == _CYCLIC:
            return struct.pack("<hii", *self._motion.present)
        if address + size > _FIRST_PRESENT:
            self._tell_present()
        return self.table.read(address, size)

    def write(self, address: int, data: bytes) -> ErrorNumber:
        """Write registers, all of them or none."""
        span = self.table.span(address, len(data))
        if isinstance(span, ErrorNumber):
            return span
        changes, at = [], 0
        for register in span:
            raw, at = data[at : at + register.size], at + register.size
            value = int.from_bytes(raw, "little", signed=register.signed)
            if error := refusal(self.table, register, value):
                return error
            changes.append((register.name, value))
        for name, value in changes:
            self._set(name, value)
        return ErrorNumber.NONE

    def keep(self, address: int, data: bytes) -> ErrorNumber:
        """Keep a write until `act`."""
        span = self.table.span(address, len(data))
        if isinstance(span, ErrorNumber):
            return span
        self._kept = (address, data)
        self.table["Registered_Instruction"] = 1
        return ErrorNumber.NONE

    def act(self) -> None:
        """Carry out the write that was kept."""
        if self._kept is not None:
            self.write(*self._kept)
        self._kept = None
        self.table["Registered_Instruction"] = 0

    def reboot(self, now_ns: int) -> None:
        """Start afresh: torque off, RAM at its defaults, turns forgotten, errors cleared."""
        self._power_on()
        self._wakes_ns = now_ns + REBOOT_NS

    def sense(self, angle_rad: float, speed_rad_s: float, current_a: float) -> None:
        """Take note of how the shaft is.

        Args:
            angle_rad: Angle, counted over all turns [rad].
            speed_rad_s: Its speed [rad/s].
            current_a: What the motor draws; its sign is that of the torque [A].
        """
        self._motion.sense(angle_rad, speed_rad_s, current_a)

    def advance(self, now_ns: int) -> None:
        """Let time go on: watchdog, motion profile, temperature."""
        elapsed_s = (now_ns - self._now_ns) * 1e-9 if self._now_ns else 0.0
        self._now_ns = now_ns
        if self._watchdog_ns and self.torque_on and now_ns - self.heard_ns > self._watchdog_ns:
            self._trip_watchdog()
        self._motion.advance(elapsed_s)
        self.health.advance(elapsed_s)
        self._shut_down_if_due()

    def overload(self) -> None:
        """Be overloaded, as after seconds of pushing against something that does not give."""
        self.health.fail(OVERLOAD_BIT)
        self._shut_down_if_due()

    def supply(self, voltage_v: float) -> None:
        """Be supplied with another voltage [V]."""
        self.health.voltage_v = voltage_v
        self.health.check()
        self._limit_current()
        self._shut_down_if_due()

    def _power_on(self) -> None:
        self.table.restore(eeprom=False)
        self._kept = None
        self._watchdog_ns = 0
        self.torque_on = False
        self.health.restart()
        self._change_mode()

    def _set(self, name: str, value: int) -> None:
        """Write one register and do what follows from it."""
        changed = self.table[name] != value
        self.table[name] = value
        if name == "Goal_Position":
            self._motion.go(value)
        elif name == "Torque_Enable" and changed:
            self.torque_on = bool(value)
            self._motion.start()
        elif name == "Operating_Mode" and changed:
            self._change_mode()
        elif name == "Homing_Offset":
            self._motion.offset = value
            self._hold()
        elif name == "Profile_Velocity":
            self._motion.profile_speed = value * RAD_S_PER_UNIT / RAD_PER_TICK
        elif name == "Bus_Watchdog":
            self._watchdog_ns = round(value * WATCHDOG_S_PER_UNIT * 1e9)
        elif name == "ID":
            self.motor_id = value
        elif name == "Baud_Rate":
            self.baud_rate = BAUD_OF_CODE[value]
        elif name in ("Goal_PWM", "Goal_Current"):
            self._limit_current()
        elif name in _GAINS:
            self._take_gains()

    def _change_mode(self) -> None:
        """Gains, profile and limits as from the factory; turns are counted anew."""
        table = self.table
        for name in _GAINS:
            table[name] = table.registers[name].default or 0
        table["Profile_Acceleration"] = table["Profile_Velocity"] = 0
        table["Goal_PWM"], table["Goal_Current"] = table["PWM_Limit"], table["Current_Limit"]
        self._limit_current()
        self._take_gains()
        self._motion.offset = table["Homing_Offset"]
        self._motion.profile_speed = 0.0
        self._motion.forget_turns()
        table["Goal_Position"] = self._motion.goal

    def _limit_current(self) -> None:
        """Full duty on full voltage stalls at the data sheet's current; less gives less."""
        # One unit more: a client cuts its limit to whole units, and must not lose by that.
        duty = min((abs(self.table["Goal_PWM"]) + 1) / PWM_FULL, 1.0)
        limit_a = self.model.stall_current_a * duty * self.health.voltage_v / NOMINAL_V
        if self.table["Operating_Mode"] == OperatingMode.CURRENT_BASED_POSITION:
            limit_a = min(limit_a, (abs(self.table["Goal_Current"]) + 1) * A_PER_UNIT)
        self.current_limit_a = limit_a

    def _take_gains(self) -> None:
        self.gains = self.table["Position_P_Gain"], self.table["Position_D_Gain"]

    def _trip_watchdog(self) -> None:
        """Stop where the shaft is, and refuse goals until 0 is written."""
        self.table["Bus_Watchdog"] = WATCHDOG_TRIPPED
        self._watchdog_ns = 0
        self._hold()

    def _hold(self) -> None:
        self._motion.hold()
        self.table["Goal_Position"] = self._motion.goal

    def _shut_down_if_due(self) -> None:
        if self.torque_on and self.health.shut_down:
            self.table["Torque_Enable"] = 0
            self.torque_on = False

    def _tell_present(self) -> None:
        """Bring the registers that say how things are up to date."""
        table, health = self.table, self.health
        current, velocity, position = self._motion.present
        table["Present_Current"], table["Present_Velocity"] = current, velocity
        table["Present_Position"] = position
        table["Position_Trajectory"] = round(self._motion.trajectory)
        table["Realtime_Tick"] = self._now_ns // 1_000_000 % 32768
        table["Moving"] = abs(velocity) > table["Moving_Threshold"]
        table["Present_Input_Voltage"] = round(health.voltage_v / V_PER_UNIT)
        table["Present_Temperature"] = round(health.temperature_c)
