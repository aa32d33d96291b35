"""What is moved, in which order: free swings of all joints, then touches and strikes of keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.excitation.places import Place, Places
from calibration.excitation.sketch import LIFTED_M, Sketch, steps
from policies.planner import load_parameters
from score import CONTROL_STEP_S
from sim import Rig

Array = NDArray[np.float64]

TOUCH_N = 4.0
"""Force of a gentle touch at the end of its way [N]."""

GAP_N = 6.0
"""The same where a tip presses two keys [N]."""

STRIKE_N = 5.0
"""Force of a strike, held on the stop [N]."""

_REACH = 0.8  # of the way to the end of the rail that the hand goes
_SWING_RAD, _RAIL_SWING_M = 0.1, 0.012
_GAP_OFFSET_M = 0.004  # a tip of 8.5 mm radius presses the neighbour 1 mm later
_FARTHER_M = 0.005  # than songs strike black keys: pressed to their stops, tips slide to the edge


def draw_motion(rig: Rig) -> Sketch:
    """The whole excitation of a rig, from its first strike to its last."""
    tuned = load_parameters(rig.name)
    parameters = replace(tuned, strike_x_black_m=tuned.strike_x_black_m - _FARTHER_M)
    places = Places(rig, parameters)
    middle, black = (places.on_keys(0.0, colour) for colour in (False, True))
    sketch = Sketch(rig, parameters, middle)
    strikes(sketch)
    gaps(sketch, places, middle)
    touches(sketch, black)
    swings(sketch, black)
    reach_m = _REACH * min(-rig.rail.range_m[0], rig.rail.range_m[1])
    for y_m in (-reach_m, reach_m):
        white, black = (places.on_keys(y_m, colour) for colour in (False, True))
        touches(sketch, white)
        strikes(sketch)
        gaps(sketch, places, white)
        touches(sketch, black)
    return sketch


def touches(sketch: Sketch, place: Place) -> None:
    """Slowly down to the stops and slowly up again."""
    sketch.go(place)
    sketch.press(0.8, 0.2, 0.8, TOUCH_N)


def strikes(sketch: Sketch) -> None:
    """Fast and short, fast and held hard, slower and let go slowly."""
    sketch.press(CONTROL_STEP_S, 0.15, CONTROL_STEP_S, STRIKE_N)
    sketch.rest(0.25)
    sketch.press(CONTROL_STEP_S, 0.4, CONTROL_STEP_S, STRIKE_N)
    sketch.rest(0.25)
    sketch.press(0.2, 0.2, 0.3, STRIKE_N)
    sketch.rest(0.25)


def gaps(sketch: Sketch, places: Places, place: Place) -> None:
    """Slowly between keys, this way and that: which one sounds first tells where they are."""
    for side in (1, -1):
        sketch.go(places.between_keys(place, side, _GAP_OFFSET_M))
        sketch.press(0.6, 0.1, 0.4, GAP_N)


def swings(sketch: Sketch, place: Place) -> None:
    """All joints together, high above the keys: slow and fast there and back, then steps."""
    sketch.go(place, LIFTED_M)
    signs = sketch.swing_signs()
    slow = np.where(signs == 0, _RAIL_SWING_M, signs * _SWING_RAD)
    for seconds in (3.2, 1.2, 0.6):
        sketch.swing(_triangle(steps(seconds), 1)[:, None] * slow)
    for share in (0.5, 1.0, -1.0):
        rows = np.repeat([[share], [0.0]], steps(0.4), axis=0)
        sketch.swing(rows * slow)


def _triangle(count: int, periods: int) -> Array:
    """From 0 to 1, to -1 and back, so many times."""
    phase = np.arange(1, count + 1) / count * periods
    return np.asarray(np.interp(phase % 1.0, [0.0, 0.25, 0.75, 1.0], [0.0, 1.0, -1.0, 0.0]))
