"""What a hand on a keyboard can play at all, and where the keys lie."""

from dataclasses import dataclass

from score.errors import ScoreError

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# Lateral place within the octave in white keys; a black key lies between its neighbours.
_PLACES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0)


def pitch_name(pitch: int) -> str:
    """The name of a MIDI number, `C4` for 60; black keys as sharps."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


@dataclass(frozen=True, slots=True)
class PlayingLimits:
    """What a rig can play; made from the rig.

    Attributes:
        lowest_pitch: Pitch of the lowest key.
        highest_pitch: Pitch of the highest key.
        n_fingers: Fingers that play.
        max_span_m: Largest distance between the outer fingertips [m].
        min_tip_distance_m: Smallest distance between neighbouring fingertips [m].
        max_hand_speed_m_s: Speed of the hand along the keyboard [m/s].
        min_repeat_s: Shortest time between two onsets of one key [s].
        white_key_spacing_m: Distance between neighbouring white keys [m].

    Raises:
        ScoreError: When the keyboard has no key.
    """

    lowest_pitch: int
    highest_pitch: int
    n_fingers: int
    max_span_m: float
    min_tip_distance_m: float
    max_hand_speed_m_s: float
    min_repeat_s: float
    white_key_spacing_m: float = 0.0235

    def __post_init__(self) -> None:
        if self.highest_pitch < self.lowest_pitch:
            raise ScoreError(
                f"the keyboard's highest pitch {self.highest_pitch} lies below its lowest, "
                f"{self.lowest_pitch}; exchange them"
            )

    def place_m(self, pitch: int) -> float:
        """Lateral place of a key [m], from the C of MIDI number 0 upwards."""
        return (7 * (pitch // 12) + _PLACES[pitch % 12]) * self.white_key_spacing_m
