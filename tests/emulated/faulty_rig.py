"""An emulated rig in a process of its own that breaks when it is told to."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PITCH = 36
"""Of key 0."""
RAIL_START_M = -0.30
"""Near the end stop, so that the hand is up soon."""


class FaultyRig:
    """The rig, from outside.

    Args:
        device: Path of its serial device.
        keyboard: Name of its keyboard.
    """

    def __init__(self, device: Path, keyboard: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(device), keyboard],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask("look")

    def ask(self, *words: object) -> dict[str, Any]:
        """Let something break, by the name of the method of `Faults`, or do something else.

        noise DROP CORRUPT, warm JOINT CELSIUS, mend (what mends by itself or with a plug), power
        (off and on, which forgets errors and the rail's place), look.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    @property
    def pulling(self) -> int:
        """Motors whose torque is on, and which were not told by their watchdog to stop."""
        return int(self.ask("look")["pulling"])

    def close(self) -> None:
        """End it."""
        self._process.communicate("", timeout=20)


def main(device: str, keyboard: str) -> None:
    """Be the rig, until nobody asks any more."""
    from hardware.emulator import mechanics
    from hardware.emulator.midi_out import MidiOut
    from hardware.emulator.rig import EmulatedRig
    from hardware.world import load_world
    from sim import load_rig

    mechanics.RAIL_START_M = RAIL_START_M
    world = load_world("nominal")
    with (
        MidiOut(keyboard) as port,
        EmulatedRig(load_rig("leap_rail_49"), world, Path(device), port) as rig,
    ):
        for line in sys.stdin:
            name, *words = line.split()
            sys.stdout.write(json.dumps(_do(rig, name, words)) + "\n")
            sys.stdout.flush()


def _do(rig: Any, name: str, words: list[str]) -> dict[str, Any]:  # noqa: ANN401  imported late
    motors = rig.motors
    if name == "noise":
        rig.line.faults.drop, rig.line.faults.corrupt = map(float, words)
    elif name == "warm":
        motors[words[0]].health.temperature_c = float(words[1])
    elif name == "mend":
        for motor in motors.values():
            motor.silent = False
            motor.health.cool()
        rig.faults.midi_replug()
        while rig._keys._stuck:
            rig._keys.port.key(False, PITCH + rig._keys._stuck.pop(), 64)
    elif name == "power":
        rig.power_cycle()
        time.sleep(0.3)  # motors restart
    elif name != "look":
        getattr(rig.faults, name)(*(int(word) if word.isdecimal() else word for word in words))
    on = [motor for motor in motors.values() if motor.torque_on]
    return {
        "pulling": len([motor for motor in on if motor.table["Bus_Watchdog"] != -1]),
        "torque_on": len(on),
        "cap_ma": max(motor.table["Goal_Current"] for j, motor in motors.items() if j != "rail"),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
