"""Whether recordings are of one and the same rig; of its model `segments_of` sees to that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from calibration.errors import CalibrationError
from calibration.recordings import Provenance, Recording

_SAID_BY: dict[str, Callable[[Provenance], str]] = {
    "mode": lambda known: known.mode,
    "device file": lambda known: known.device_hash or known.device,  # it may have been moved
}


def check_one_rig(recordings: Sequence[Recording]) -> None:
    """See that nothing that recordings say of where they were made differs.

    What a recording does not say contradicts nothing: `dacapo record` knows no mode. Worlds are
    never noted, so recordings of two worlds pass.

    Raises:
        CalibrationError: Two of them are of different rigs; names both.
    """
    for what, said_by in _SAID_BY.items():
        known = [recording for recording in recordings if said_by(recording.provenance)]
        for other in known[1:]:
            if said_by(other.provenance) != said_by(known[0].provenance):
                raise CalibrationError(_refusal(what, known[0], other))


def _refusal(what: str, one: Recording, other: Recording) -> str:
    rigs = [
        f"{recording.folder} ({_shown(what, recording.provenance)})" for recording in (one, other)
    ]
    return f"{rigs[0]} and {rigs[1]} differ in {what}: calibrate each rig by itself"


def _shown(what: str, known: Provenance) -> str:
    if what == "mode":
        return known.mode
    return f"{known.device}, SHA-256 {known.device_hash[:8] or 'not noted'}"
