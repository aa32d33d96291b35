"""From the words of a command to a model and goals; whatever is wrong with them is said here."""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.output import remark

if TYPE_CHECKING:
    from hardware.world import World
    from score import Goals
    from sim import FittedParameters, PlayableModel, RigModel

MOST_FINDINGS = 5
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The disk is full, or the user's share of it, or a file has its greatest size."""


def load_playable(rig_name: str, params: Path | None) -> PlayableModel:
    """The model of a rig of one hand or two, with the parameters of a file if there is one.

    Raises:
        SimError: the rig or the file cannot be used.
    """
    from sim import build_playable, load_any_rig, read_parameters

    rig = load_any_rig(rig_name)
    parameters = read_parameters(params, rig) if params else None
    model = build_playable(rig)
    return parameters.apply(model) if parameters else model


def load_model(rig_name: str, params: Path | None) -> RigModel:
    """The same of a rig of one hand.

    Raises:
        SimError: the rig or the file cannot be used, or the rig has two hands.
    """
    from sim import build_model, load_rig, read_parameters

    rig = load_rig(rig_name)
    model = build_model(rig)
    return read_parameters(params, rig).apply(model) if params else model


def load_fitted(rig_name: str, params: Path | None) -> FittedParameters:
    """What a physics parameters file says; nominal values, all certain, if there is no file.

    Raises:
        SimError: the rig or the file cannot be used.
    """
    from sim import FittedParameters, PhysicsParameters, load_any_rig, read_fitted

    rig = load_any_rig(rig_name)
    if params:
        return read_fitted(params, rig)
    return FittedParameters(PhysicsParameters.nominal(rig), {}, {})


def load_goals(song: str, model: PlayableModel, tempo: float = 1.0) -> Goals:
    """The goals of a song, by name or file, on a rig's keyboard.

    Raises:
        ScoreError: there is no such song, or none of its notes has a key.
    """
    from score import load_song, make_goals

    keyboard = model.keyboard
    score = load_song(song).stretched(1.0 / tempo)
    return make_goals(score, keyboard.lowest_pitch, keyboard.n_keys)


def settle_policy(
    policy: str | None, model: PlayableModel, goals: Goals, *, fitted: bool = False
) -> str:
    """Who plays, as ``name_policy`` has it, and can.

    Raises:
        PolicyError: what was asked for does not exist, or was made for something else.
    """
    from policies import load_policy

    name = name_policy(policy, model, goals, fitted=fitted)
    load_policy(name, model, goals)  # fails here, before anything has started
    return name


def name_policy(
    policy: str | None, model: PlayableModel, goals: Goals, *, fitted: bool = False
) -> str:
    """What the user asked for, or what fits best, which is then said in one line.

    Args:
        policy: what the user asked for, if anything.
        model: the rig.
        goals: the song.
        fitted: whether the model has the physics of a parameters file.
    """
    from policies import choose_policy

    if policy is not None:
        return policy
    name, reason = choose_policy(model, goals, fitted=fitted)
    remark(reason)
    return name


def remark_findings(song: str, model: RigModel) -> None:
    """Says what in a song the rig cannot play, and which transposition would help."""
    from policies import playing_limits
    from score import best_transposition, lint, load_song

    score, limits = load_song(song), playing_limits(model.rig)
    findings = lint(score, limits)
    for finding in findings[:MOST_FINDINGS]:
        remark(f"{song}: {finding.message}")
    if len(findings) > MOST_FINDINGS:
        remark(f"{song}: and {len(findings) - MOST_FINDINGS} more like these")
    if any(finding.kind == "out_of_range" for finding in findings):
        shift = best_transposition(score, limits)
        if shift:
            remark(f"{song}: if it were moved by {shift:+d} semitones, more of it would have keys")


@contextlib.contextmanager
def room_in(out: Path) -> Iterator[None]:
    """Says of a full disk that the work can go on, while a block does some that can.

    Raises:
        DaCapoError: there is no room for what the block writes.
    """
    from score import DaCapoError

    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DaCapoError(
            f"{out}: {error.strerror}: what is finished is kept, make room and give the same "
            "command again"
        ) from error


def remark_without_key(song: str, goals: Goals) -> None:
    """Says which pitches of a song its goals leave out since no key has them."""
    from score import load_song, pitch_name, pitches_without_key

    pitches = pitches_without_key(load_song(song), goals.lowest_pitch, goals.n_keys)
    if pitches:
        names = ", ".join(pitch_name(pitch) for pitch in pitches[:MOST_FINDINGS])
        more = ", ..." if len(pitches) > MOST_FINDINGS else ""
        remark(f"{song}: no key for {names}{more}: left out")


def load_world(name: str) -> World:
    """A world; says so when it has faults, which only an emulated rig's lines have.

    Raises:
        WorldError: there is no such world, or a field of it is wrong.
    """
    from hardware.world import load_world as load
    from hardware.world.world import FaultsWorld

    world = load(name)
    if world.faults != FaultsWorld():
        remark(f"world {world.name}: its faults act on the emulated rig only")
    return world


def check_writable(folder: Path) -> None:
    """Makes a folder if need be and tries to write into it.

    Raises:
        DaCapoError: it cannot be written.
    """
    from score import DaCapoError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise DaCapoError(
            f"cannot write into {folder} ({reason}): choose another folder"
        ) from error
