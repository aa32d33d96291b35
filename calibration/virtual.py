"""A performance in a world, in process and faster than real time, recorded like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calibration.recordings import PerformanceRecorder, Provenance, RecordingError, policy_hash
from hardware.world import World, WorldSimulator
from policies import lead_of, load_policy
from policies.in_process import perform_in_process, score_in_process
from policies.performer import Performer, Progress, RigTiming
from policies.results import RunResult, write_results
from policies.run_folder import RunFolder
from score import Performance, load_song, make_goals
from sim import PhysicsParameters, RigModel, build_model, parameters_text


def play_virtual(
    song: str,
    *,
    model: RigModel,
    policy: str,
    world: World,
    parameters: PhysicsParameters | None = None,
    trial: int = 0,
    out: Path = Path("runs"),
    report: Callable[[Progress], None] = lambda _: None,
) -> tuple[Performance, Path]:
    """Play a song in a world and leave a run's folder, as `dacapo play` does in every mode.

    Args:
        song: Name in the library, or path of a MIDI file.
        model: What the policy knows of the rig; the world is hidden from it.
        policy: `planner`, `zoo` or the path of a bundle.
        world: Where to play.
        parameters: What a calibration found out about the rig; then the model is that of the rig
            with these. Their command delay is led; without any, the one of the policy's training.
        trial: Which draw of the world's jitter and noise.
        out: Folder of runs.
        report: Is called once a simulated second.

    Returns:
        The performance and the run's folder.

    Raises:
        DaCapoError: When song, policy, rig and world do not go together, the hand does not reach
            the start posture, or the folder cannot be written; nothing is left behind then.
    """
    if parameters is not None:
        model = parameters.apply(build_model(parameters.hand_rig))
    keyboard = model.rig.keyboard
    goals = make_goals(load_song(song), keyboard.lowest_pitch, keyboard.n_keys)
    player = load_policy(policy, model, goals)
    timing = RigTiming(lead_s=lead_of(player, model))
    performer = Performer(player, goals, timing=timing)
    simulator = WorldSimulator(model.rig, world, trial)
    run = RunFolder.create(out, song)
    try:
        provenance = Provenance(
            mode="virtual",
            song=song,
            rig=model.rig.name,
            rig_hash=model.rig.hash,
            policy=policy,
            policy_hash=policy_hash(policy, model.rig, song),
            parameters=parameters_text(parameters) if parameters else "",
            seed=trial,
        )
        folder = run.partial / "recording"
        with PerformanceRecorder(folder, model.joint_names, provenance) as recorder:
            perform_in_process(performer, simulator, recorder, report)
            performance = score_in_process(performer, goals, simulator, trial)
            zero_ns = performer.score_zero_ns
            if zero_ns is not None:
                recorder.performance(performer.deadline_ns, performance, zero_ns)
        if recorder.failure:
            raise RecordingError(recorder.failure)
        result = RunResult(model, goals, performer.events(), performance, performer.trace())
        write_results(result, run.partial)
    except BaseException:
        run.discard()
        raise
    return performance, run.finish()
