"""Finding a policy by the word a user gives for it."""

from __future__ import annotations

from pathlib import Path

from policies.bundle import Bundle, BundlePolicy, check_bundle, read_bundle
from policies.errors import BundleError, PolicyError
from policies.planner import OnProgress, make_plan
from policies.policy import Policy, lateness_of
from score import Goals
from sim import PlayableModel

PLANNER, ZOO = "planner", "zoo"

ZOO_FOLDER = Path(__file__).parent / "zoo"
"""The policies that come with the project: a folder a rig, a bundle a song."""


def load_policy(
    spec: str,
    model: PlayableModel,
    goals: Goals,
    on_progress: OnProgress = lambda share: None,
) -> Policy:
    """Make or load a policy for a song on a rig.

    Args:
        spec: ``planner``; ``zoo``, the policies that come with the project; or the path of a
            policy bundle.
        model: the rig.
        goals: the song on that rig's keyboard.
        on_progress: as ``make_plan`` has it.

    Raises:
        PolicyError: an unknown policy, or none in the zoo.
        BundleError: a bundle that is damaged, or was made for another rig or song.
        UnreachableError: the rig cannot play some notes of the song.
    """
    if spec == PLANNER:
        return make_plan(goals, model, on_progress=on_progress)
    if spec == ZOO:
        return _from_zoo(model, goals)
    path = Path(spec)
    if path.suffix != ".npz" and not path.is_file():
        raise PolicyError(f"unknown policy {spec!r}: use 'planner', 'zoo' or the path of a bundle")
    return _load(path, path.name, model, goals)


def choose_policy(model: PlayableModel, goals: Goals, *, fitted: bool = False) -> tuple[str, str]:
    """What plays when nobody said: the zoo if it can, else the planner.

    Args:
        model: the rig.
        goals: the song on that rig's keyboard.
        fitted: whether the model's physics are those of a calibration. The planner plans for them;
            the zoo was trained for nominal ones.

    Returns:
        What to give to ``load_policy``, and why, in one line.
    """
    song, rig = goals.name, model.rig.name
    if fitted:
        return PLANNER, "policy: the planner, with the parameters given"
    try:
        _from_zoo(model, goals)
    except BundleError as error:
        return PLANNER, f"policy: the planner; the zoo's does not fit: {error}"
    except PolicyError:
        return PLANNER, f"policy: the planner; the zoo has none for {song!r} on {rig}"
    return ZOO, f"policy: the zoo's for {song!r} on {rig}"


def lead_of(policy: Policy, model: PlayableModel) -> float:
    """What whoever plays on a rig should lead: its delay, and the policy's own lateness [s]."""
    return known_delay_s(policy, model) + lateness_of(policy)


def known_delay_s(policy: Policy, model: PlayableModel) -> float:
    """The command delay of a rig, as far as it is known [s].

    Args:
        policy: who plays; a bundle knows the delay that it was trained for.
        model: the rig; a delay among its physics parameters is newer knowledge.
    """
    trained_s = policy.command_delay_s if isinstance(policy, BundlePolicy) else 0.0
    return model.command_delay_s or trained_s


def zoo_path(rig: str, song: str) -> Path:
    """Where the zoo keeps, or would keep, its bundle for a song on a rig."""
    return ZOO_FOLDER / rig / f"{song}.npz"


def _from_zoo(model: PlayableModel, goals: Goals) -> Policy:
    rig, song = model.rig.name, goals.name
    path = zoo_path(rig, song)
    if not path.is_file():
        raise PolicyError(
            f"the zoo has no policy for {song!r} on {rig}: use --policy planner, or train one"
        )
    return _load(path, ZOO, model, goals)


def _load(path: Path, name: str, model: PlayableModel, goals: Goals) -> Policy:
    bundle = _read(path)
    try:
        check_bundle(bundle, model, goals)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error
    return BundlePolicy(bundle, name)


def _read(path: Path) -> Bundle:
    try:
        return read_bundle(path)
    except BundleError as error:
        from policies.imitation.bundle import is_imitation  # not needed to play  # noqa: PLC0415

        if is_imitation(path):
            raise BundleError(
                f"{path}: of `dacapo imitate`, for two hands: `dacapo play SONG --rig RIG` takes it"
            ) from error
        raise
