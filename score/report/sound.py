"""A performance as sound: decaying partials like those of struck strings, in a small WAV file."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from score.notes import Note

SAMPLE_RATE_HZ = 22_050

_RING_S = 0.9  # how long the last note may ring on
_ATTACK_S = 0.003
_DAMPER_S = 0.07  # time constant of the felt that falls on the string
_N_PARTIALS = 10
_INHARMONICITY = 4e-4  # stiff strings sound sharp partials: f_k = k f sqrt(1 + B k^2)
_ECHOES = ((0.031, 0.16), (0.053, 0.11), (0.083, 0.07))  # (delay [s], gain): a small room
_PEAK = 0.85


def synthesise(notes: Sequence[Note], duration_s: float) -> NDArray[np.float64]:
    """Sound of notes as a piano-like instrument would play them.

    Args:
        notes: in any order; time 0 is the start of the sound.
        duration_s: length of the performance; the sound rings on a little longer.

    Returns:
        Samples within -1..1 at ``SAMPLE_RATE_HZ``, shape ``(n_samples,)``.
    """
    end_s = max([duration_s, *(note.end_s for note in notes)]) + _RING_S
    sound = np.zeros(int(end_s * SAMPLE_RATE_HZ))
    for note in notes:
        start = int(note.start_s * SAMPLE_RATE_HZ)
        tone = _tone(note)[: len(sound) - start]
        sound[start : start + len(tone)] += tone
    sound = _in_a_room(sound)
    loudest = float(np.abs(sound).max(initial=0.0))
    return sound * (_PEAK / loudest) if loudest > 0.0 else sound


def wav_bytes(sound: NDArray[np.float64]) -> bytes:
    """A WAV file with one byte per sample.

    The samples are companded by the mu-law of ITU-T G.711: half the size of 16-bit samples, with
    noise that follows the signal and is silent in the rests. Browsers play it.

    Args:
        sound: samples within -1..1 at ``SAMPLE_RATE_HZ``, shape ``(n_samples,)``.
    """
    samples = _mu_law(sound).tobytes()
    padding = b"\0" * (len(samples) % 2)
    mu_law, mono, block, bits = 7, 1, 1, 8
    layout = struct.pack("<HHIIHHH", mu_law, mono, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, block, bits, 0)
    chunks = b"WAVE" + b"".join(
        name + struct.pack("<I", size) + content
        for name, size, content in (
            (b"fmt ", len(layout), layout),
            (b"fact", 4, struct.pack("<I", len(samples))),
            (b"data", len(samples), samples + padding),
        )
    )
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def _tone(note: Note) -> NDArray[np.float64]:
    """One struck string with its damper falling at the note's end."""
    fundamental_hz = 440.0 * 2.0 ** ((note.pitch - 69) / 12)
    held_s = note.end_s - note.start_s
    time = np.arange(int((held_s + 6 * _DAMPER_S) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    k = np.arange(1, _N_PARTIALS + 1)[:, None]
    frequency = k * fundamental_hz * np.sqrt(1.0 + _INHARMONICITY * k**2)
    # High strings and high partials die sooner; a hammer at 1/8 of the string spares partial 8.
    decay_s = 1.9 * (261.6 / fundamental_hz) ** 0.6 / k**0.7
    strength = np.abs(np.sin(np.pi * k / 8.0)) / k**1.25 * (frequency < SAMPLE_RATE_HZ / 2.2)
    waves = strength * np.exp(-time / decay_s) * np.sin(2.0 * np.pi * frequency * time)
    envelope = np.minimum(time / _ATTACK_S, 1.0)
    envelope *= np.exp(-np.maximum(time - held_s, 0.0) / _DAMPER_S)
    return np.asarray(waves.sum(axis=0) * envelope * (note.velocity / 127) ** 1.5)


def _in_a_room(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    wet = sound.copy()
    for delay_s, gain in _ECHOES:
        shift = int(delay_s * SAMPLE_RATE_HZ)
        wet[shift:] += gain * sound[: len(sound) - shift]
    return wet


def _mu_law(sound: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Samples as G.711 mu-law codes: sign, 3 bits of exponent, 4 of mantissa, all inverted."""
    bias, clip = 132, 32635
    magnitude = np.minimum(np.abs(sound) * 32768, clip).astype(np.int64) + bias
    exponent = np.log2(magnitude).astype(np.int64) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(sound < 0, 0x80, 0)
    return np.asarray(~(sign | exponent << 4 | mantissa) & 0xFF, dtype=np.uint8)
