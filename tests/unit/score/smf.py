"""Standard MIDI Files byte by byte, written independently of the library that reads them."""

import struct
from pathlib import Path

END = (0, b"\xff\x2f\x00")


def number(value: int) -> bytes:
    """A variable-length number."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def track(*events: tuple[int, bytes]) -> bytes:
    """A track chunk of (delta ticks, message bytes)."""
    body = b"".join(number(delta) + message for delta, message in events)
    return b"MTrk" + struct.pack(">L", len(body)) + body


def header(n_tracks: int = 1, division: int = 480, kind: int = 1) -> bytes:
    """A header chunk; `division` as the unsigned 16-bit number of the file."""
    return b"MThd" + struct.pack(">LHHH", 6, kind, n_tracks, division)


def on(pitch: int, velocity: int = 64, channel: int = 0) -> bytes:
    """A note-on message."""
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, channel: int = 0) -> bytes:
    """A note-off message."""
    return bytes([0x80 | channel, pitch, 0])


def pedal(value: int, channel: int = 0) -> bytes:
    """A sustain pedal message."""
    return bytes([0xB0 | channel, 64, value])


def tempo(microseconds: int) -> bytes:
    """A set-tempo message."""
    return b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


def save(path: Path, *tracks: bytes, division: int = 480, kind: int = 1) -> Path:
    """Write a file of these tracks and return its path."""
    path.write_bytes(header(len(tracks), division, kind) + b"".join(tracks))
    return path
