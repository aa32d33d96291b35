"""Words for people: songs and times."""

from __future__ import annotations


def song_title(name: str) -> str:
    """A song's file name as a title: ``ode_to_joy`` becomes "Ode to Joy"."""
    small = {"a", "and", "in", "of", "on", "the", "to"}
    words = name.replace("_", " ").split()
    titled = [w if w in small and i else w[:1].upper() + w[1:] for i, w in enumerate(words)]
    return " ".join(titled) or name


def signed_ms(error_s: float) -> str:
    """An onset error in words: "12 ms late", "3 ms early", "on time"."""
    error_ms = round(error_s * 1000)
    if error_ms == 0:
        return "on time"
    return f"{abs(error_ms)} ms {'late' if error_ms > 0 else 'early'}"


def is_black(pitch: int) -> bool:
    """Whether a pitch is a black key."""
    return pitch % 12 in {1, 3, 6, 8, 10}
