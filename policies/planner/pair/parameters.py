"""Every number that says how two hands play; found by trying, shared by all songs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChordCosts:
    """What a hand's posture on a chord costs; 1 is a posture one spread away in every joint.

    Attributes:
        strain: per squared distance from the posture at rest, in spreads.
        miss: per millimetre that a tip is off its key, sideways or in height, beyond 0.8 mm.
        low: per 5 mm that an idle tip lacks to its height over the keys, beyond 2 mm.
        along: per centimetre that a tip is off along its key, beyond ``along_free_m``.
        along_free_m: how far tips may be off along their keys for nothing.
    """

    strain: float = 0.15
    miss: float = 20.0
    low: float = 3.0
    along: float = 6.0
    along_free_m: float = 0.010


@dataclass(frozen=True)
class FingerCosts:
    """What a hand's fingers cost from one chord to the next.

    Attributes:
        same: one finger moves to another key, per white key of the way, less after a rest.
        substitution: another finger repeats a key.
        crossing: a finger goes over or under the one that played just before.
    """

    same: float = 12.0
    substitution: float = 4.0
    crossing: float = 8.0


@dataclass(frozen=True)
class RehearsalParameters:
    """How the hands play from where they really are, step by step.

    Attributes:
        strike_sideways_m: a finger may strike a key whose middle is no farther than this.
        strike_ahead_m: white keys are struck no nearer to their black neighbours than this ``x``.
        strike_deeper_m: how much deeper than held the first step of a press aims.
        press_deeper_m: how far below the stop of its key a pressing tip aims.
        keep_sideways_m: a key that is down stays so until its finger is this far off.
        give_up_m: a key is let go where the plan itself has its finger this far off.
        lift_m: height over its key to which a tip rises that just released it.
        idle_m: how exactly an idle tip stays over the middle of the white keys.
        across_m: how exactly the forearm follows the plan along the keys; the smaller the firmer.
        towards_m: the same towards the keys.
        wrist_rad: the same of the wrist.
        finger_rad: the same of the fingers.
        tip_gain: share made up for of where tips are but the chain of joints says they are not.
        servo_gain: share of a servo's lag that commands make up for.
        forearm_gain: share of the forearm's error that commands answer.
        force_gain: share of the key's force that commands make up for.
        more_force: how much is added to that for each step in which a due key stays silent.
        most_force: how much is added at most.
    """

    strike_sideways_m: float = 0.0075
    strike_ahead_m: float = 0.024
    strike_deeper_m: float = 0.003
    press_deeper_m: float = 0.004
    keep_sideways_m: float = 0.010
    give_up_m: float = 0.007
    lift_m: float = 0.005
    idle_m: float = 0.015
    across_m: float = 0.012
    towards_m: float = 0.012
    wrist_rad: float = 0.08
    finger_rad: float = 0.35
    tip_gain: float = 1.0
    servo_gain: float = 1.0
    forearm_gain: float = 1.0
    force_gain: float = 2.2
    more_force: float = 0.4
    most_force: float = 4.0


@dataclass(frozen=True)
class PairPlanParameters:
    """How two hands play.

    Attributes:
        strike_x_white_m: where white keys are struck, along the key from its centre to the player.
        strike_x_black_m: the same for black keys.
        hover_m: least height of the centre of an idle tip.
        motion_hover_m: the same in the motion that is rehearsed, which leaves it more room.
        idle_x_m: where along the keys idle tips stay.
        tip_gap_m: least distance of neighbouring tips in the posture for a chord.
        link_radii_m: half widths of a finger at its tip and at its last three joints, tip first.
        thumb_radii_m: the same of the thumb.
        forearm_gap_m: least distance of the forearms along the keys.
        share_chord: costs of chords while notes are shared between the hands.
        share_fingers: costs of fingers then.
        share_jump: cost of a forearm that has to move 2 cm farther than a chord allows it.
        share_near: cost of a forearm 4 cm in the way of the other one, which plays in 0.25 s.
        chord: costs of chords while each hand chooses its fingers.
        fingers: costs of fingers then.
        thumb_on_black: cost of a thumb on a black key.
        place_grid_m: how finely the places of the forearm are tried.
        place_half_count: how many places are tried on either side of the best.
        move: cost of 4 cm of forearm in a quarter of a second.
        forearm_m_per_s: speed up to which the forearm moves for no other cost.
        hold: how much the chord before counts at the forearm's next place, where it is still held.
        lift_m: height over its key at which a tip should be in the step after a press.
        ready_steps: in how many steps before a press its tip should be over the key.
        ready_m: height there, for each step before the press.
        end_weight: how exactly the last step of a long press is over its key, 1 as all others.
        strike_x_tolerance_m: how exactly keys are struck along them.
        iterations: how often the motion is improved.
        posture_weight: how much the posture at rest counts in the motion.
        wrist_acceleration_rad: change of speed of the wrist in a step that costs 1.
        wrist_speed_rad: way of the wrist in a step that costs 1.
        forearm_acceleration_m: change of speed of the forearm along the keys that costs 1.
        forearm_speed_m: way of the forearm along the keys in a step that costs 1.
        rehearsal: how the hands play from where they really are.
        ways: how many ways to do so are tried where one misses a key.
    """

    strike_x_white_m: float = 0.045
    strike_x_black_m: float = 0.006
    hover_m: float = 0.050
    motion_hover_m: float = 0.045
    idle_x_m: float = 0.035
    tip_gap_m: float = 0.015
    link_radii_m: tuple[float, float, float, float] = (0.0067, 0.0085, 0.0090, 0.0110)
    thumb_radii_m: tuple[float, float, float, float] = (0.0082, 0.0100, 0.0105, 0.0115)
    forearm_gap_m: float = 0.139
    share_chord: ChordCosts = ChordCosts(miss=40.0, along_free_m=0.014)
    share_fingers: FingerCosts = FingerCosts(same=14.0, crossing=6.0)
    share_jump: float = 6.0
    share_near: float = 1.0
    chord: ChordCosts = ChordCosts()
    fingers: FingerCosts = FingerCosts()
    thumb_on_black: float = 8.0
    place_grid_m: float = 0.01
    place_half_count: int = 4
    move: float = 1.0
    forearm_m_per_s: float = 0.35
    hold: float = 0.7
    lift_m: float = 0.004
    ready_steps: int = 2
    ready_m: float = 0.002
    end_weight: float = 1.0
    strike_x_tolerance_m: float = 0.003
    iterations: int = 15
    posture_weight: float = 0.3
    wrist_acceleration_rad: float = 0.015
    wrist_speed_rad: float = 0.04
    forearm_acceleration_m: float = 0.006
    forearm_speed_m: float = 0.03
    rehearsal: RehearsalParameters = RehearsalParameters()
    ways: int = 8
