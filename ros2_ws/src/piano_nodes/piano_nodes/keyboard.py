"""The node `keyboard`: a MIDI keyboard tells which keys move."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import ExitStack

from hardware.errors import HardwareError
from hardware.keyboard.decode import MidiEvent, MidiKind
from hardware.keyboard.health import LONGEST_PRESS_S, KeyboardHealth
from hardware.keyboard.port import MidiKeyboard, PortChange
from hardware.keyboard.ports import choose_port, ports
from hardware.keyboard.watch import PortWatcher
from piano_msgs.msg import KeyEvent
from piano_nodes.graph import RIG
from piano_nodes.managed import AUTOSTART, WAIT, ManagedNode
from piano_nodes.names import KEY_EVENTS
from piano_nodes.node import ALONE, REALTIME, Surroundings
from piano_nodes.parameters import Setting
from piano_nodes.qos import EVENTS
from sim import load_rig


class Keyboard(ManagedNode):
    """Publishes key events with the time at which they arrived.

    The MIDI system's thread only stamps and queues them; a thread of ours publishes.
    """

    SETTINGS = (
        Setting("rig", RIG, "name of a rig, or path of a rig file: which pitch is key 0"),
        Setting("port", "", "part of the MIDI port's name; empty: the only keyboard"),
        Setting("longest_press_s", LONGEST_PRESS_S, "a stuck key is down longer [s]", 0.1, 600.0),
        WAIT,
        AUTOSTART,
        REALTIME,
    )

    def __init__(self, around: Surroundings = ALONE) -> None:
        super().__init__("keyboard", around)
        self._keyboard = load_rig(str(self.values["rig"])).keyboard
        self._events = self.create_publisher(KeyEvent, KEY_EVENTS, EVENTS)
        self._midi: MidiKeyboard | None = None
        self._open = ExitStack()
        self._heard: queue.SimpleQueue[MidiEvent | None] = queue.SimpleQueue()
        self._active = False
        self._told = 0
        self._gone = ""
        self._health = KeyboardHealth(float(self.values["longest_press_s"]))
        self._teller = threading.Thread(target=self._tell, name="key events", daemon=True)
        self._teller.start()
        self.every(1.0, self._look)

    def configure(self) -> None:
        """Open the MIDI port.

        Raises:
            HardwareError: python-rtmidi is not installed.
            KeyboardError: no MIDI system, no keyboard, or several match; says what to do.
        """
        pattern = str(self.values["port"])
        self.await_device(lambda: _is_there(pattern))
        rig = self._keyboard
        midi = MidiKeyboard(pattern, rig.lowest_pitch, rig.n_keys, self._heard.put)
        self._midi = self._open.enter_context(midi)
        self._open.enter_context(PortWatcher(midi, self._port_changed))
        self.get_logger().info(f"listening to '{midi.port_name}'")

    def activate(self) -> None:
        """Tell what is heard from now on."""
        self._active = True

    def deactivate(self) -> None:
        """Tell nothing."""
        self._active = False

    def release(self) -> None:
        """Close the port."""
        self._active = False
        self._open.close()
        self._midi = None

    def stop(self) -> None:
        """Close the port, then end."""
        super().stop()
        self._heard.put(None)

    def _tell(self) -> None:
        """Publish events as they come; the thread of its own."""
        self.request_realtime()
        while (event := self._heard.get()) is not None:
            self._health.add(event)
            if self._active and event.kind is not MidiKind.SUSTAIN:
                down = event.kind is MidiKind.NOTE_ON
                message = KeyEvent(
                    monotonic_ns=event.time_ns,
                    key=event.pitch - self._keyboard.lowest_pitch,
                    down=down,
                    velocity=event.velocity if down else 0,
                )
                message.header.stamp = self.stamp(event.time_ns)
                self._events.publish(message)
                self._told += 1

    def _port_changed(self, change: PortChange) -> None:
        if change.connected:
            self._gone = ""
            self.get_logger().warning(f"the keyboard '{change.port_name}' is back")
        else:
            self._gone = f"the keyboard '{change.port_name}' is gone: plug it in again"
            self.get_logger().error(self._gone)
        self._report()  # at once, so that a recording knows

    def _look(self) -> None:
        if self._midi is not None:
            self._health.count(self._midi.messages, time.monotonic_ns())
        self._report()

    def _report(self) -> None:
        midi = self._midi
        now_ns = time.monotonic_ns()
        complaints = "; ".join(self._health.complaints(now_ns))
        stuck = complaints if self._health.stuck_keys(now_ns) else ""
        self.publish_diagnostics(
            complaints,
            {
                "port": midi.port_name if midi is not None else "",
                "key_events": self._told,
                "out_of_range": midi.out_of_range if midi is not None else 0,
                "malformed": midi.malformed if midi is not None else 0,
                "restruck": self._health.restruck,
            },
            self._gone or stuck,
            usable=not self._gone,
        )


def _is_there(pattern: str) -> bool:
    """Whether a keyboard's port can be seen by now."""
    try:
        choose_port(ports(), pattern)
    except HardwareError:
        return False
    return True
