"""The plan that a learner corrects: the planner's, made better by search where it is not good."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from policies.bundle import check_bundle, read_bundle, write_bundle
from policies.evaluation import evaluate
from policies.planner import OnProgress, Plan, make_plan
from policies.search import polish, polished_bundle
from score import Goals
from sim import PhysicsParameters, PlayableModel, PlayablePair

GOOD_F1 = 0.99
"""Frame F1 from which search gains less than the time it takes from training."""
SHARE = 0.2
"""Part of the budget that search gets."""
SHORTEST_S, LONGEST_S = 5.0, 30.0
ROUNDS = 5
"""Of a search that no clock may shape: about 15 s on two cores; learning does the rest."""


def search_budget_s(budget_s: float) -> float:
    """What the search gets of a training's budget [s]."""
    return min(max(SHARE * budget_s, SHORTEST_S), LONGEST_S)


def make_reference(
    goals: Goals,
    physics: PhysicsParameters,
    model: PlayableModel,
    folder: Path,
    search_s: float | None,
    *,
    on_planning: OnProgress = lambda share: None,
) -> Plan:
    """The reference of a run.

    A search limited by time comes out differently every time, so what it found is kept in
    ``reference.npz`` (a policy bundle) and a run that is taken up goes on with it. There is no
    search with two hands: the rehearsal of their plan was one, and a round takes them a minute.

    Args:
        goals: the song.
        physics: the simulator's parameters.
        model: the rig with these parameters.
        folder: of the run.
        search_s: wall-clock seconds of the search; None for ``ROUNDS`` rounds.
        on_planning: is told how far the plan for two hands is.

    Raises:
        UnreachableError: the rig cannot play some notes.
        BundleError: the kept reference is damaged or of another song or rig.
        OSError: the folder cannot be written.
    """
    plan = make_plan(goals, model, on_progress=on_planning)
    path = folder / "reference.npz"
    if not path.is_file():
        if isinstance(model, PlayablePair) or evaluate(plan, model, goals, 1).frame_f1 >= GOOD_F1:
            return plan
        timed, rounds = (math.inf, ROUNDS) if search_s is None else (search_s, None)
        polished = polish(plan, goals, model, timed, seed=0, rounds=rounds)
        bundle = polished_bundle(polished, goals, model, physics=physics.values, seed=0)
        folder.mkdir(parents=True, exist_ok=True)
        write_bundle(bundle, path)
    bundle = read_bundle(path)
    check_bundle(bundle, model, goals)
    return replace(plan, references=bundle.part.references, targets=bundle.part.targets)
