"""Where a loop keeps what it makes, all relative to its folder."""

from __future__ import annotations

EXCITATION = "excitation"
FINAL = "final"


def round_folder(number: int) -> str:
    """Of a round, counted from 1."""
    return f"round-{number}"


def plays(stage: str, name: str, take: int) -> str:
    """Of one performance; also the name of its step."""
    return f"{stage}/plays/{name}-{take}"


def training(stage: str, song: str) -> str:
    """Of a song's training; also the name of its step."""
    return f"{stage}/train/{song}"


def fit(stage: str) -> str:
    """Of a calibration; also the name of its step."""
    return f"{stage}/fit"
