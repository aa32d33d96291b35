"""The sound of a performance: right pitch, right time, a file that decodes to what went in."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from score import Note
from score.report.sound import SAMPLE_RATE_HZ, synthesise, wav_bytes


def decoded(codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The G.711 mu-law expansion, written from the standard's table of segments."""
    inverted = (~codes).astype(np.int64) & 0xFF
    exponent, mantissa = (inverted >> 4) & 7, inverted & 15
    magnitude = ((2 * mantissa + 33) << (exponent + 2)) - 132
    return np.where(inverted & 0x80, -magnitude, magnitude) / 32768.0


@pytest.mark.parametrize("pitch", [36, 60, 69, 84, 108])
def test_a_note_sounds_at_its_pitch(pitch: int) -> None:
    sound = synthesise([Note(pitch, 0.5, 1.5, 90)], 2.0)
    assert np.abs(sound[: int(0.5 * SAMPLE_RATE_HZ)]).max() == 0.0
    assert np.abs(sound).max() == pytest.approx(0.85)
    held = sound[int(0.5 * SAMPLE_RATE_HZ) : int(1.5 * SAMPLE_RATE_HZ)]
    spectrum = np.abs(np.fft.rfft(held * np.hanning(len(held))))
    expected_hz = 440.0 * 2 ** ((pitch - 69) / 12)
    near = np.fft.rfftfreq(len(held), 1 / SAMPLE_RATE_HZ)
    partial = near[np.argmax(np.where(near < 1.5 * expected_hz, spectrum, 0.0))]
    assert partial == pytest.approx(expected_hz, rel=0.02)


def test_silence_is_silent() -> None:
    sound = synthesise([], 1.0)
    assert len(sound) >= SAMPLE_RATE_HZ
    assert not sound.any()


def test_a_note_at_the_very_end_is_cut_not_lost() -> None:
    sound = synthesise([Note(60, 0.0, 0.5, 64), Note(61, 1.98, 2.0, 127)], 2.0)
    assert np.isfinite(sound).all()
    assert np.abs(sound[int(1.98 * SAMPLE_RATE_HZ) :]).max() > 0.05


def test_the_file_decodes_to_the_sound() -> None:
    sound = synthesise([Note(60, 0.0, 0.8, 100), Note(67, 0.2, 0.9, 40)], 1.0)[:-1]
    data = wav_bytes(sound)
    assert data[:4] == b"RIFF"
    assert data[8:16] == b"WAVEfmt "
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    assert struct.unpack("<HHI", data[20:28]) == (7, 1, SAMPLE_RATE_HZ)
    at = data.index(b"data") + 8
    codes = np.frombuffer(data[at : at + len(sound)], dtype=np.uint8)
    noise = decoded(codes) - sound
    assert (noise**2).mean() < 1e-3 * (sound**2).mean()
    assert np.abs(noise[np.abs(sound) < 1e-3]).max() < 5e-4
