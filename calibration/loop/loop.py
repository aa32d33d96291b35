"""The loop itself: the steps in their order, each of them kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calibration.excitation import check_excitation, make_excitation, write_excitation
from calibration.loop import folders
from calibration.loop.baselines import measure_baselines
from calibration.loop.decision import Gap, reason_to_stop
from calibration.loop.fitting import fit, kept_knowledge
from calibration.loop.knowledge import Knowledge
from calibration.loop.lessons import train_all
from calibration.loop.performing import Stand
from calibration.loop.progress import OnProgress, Progress
from calibration.loop.setup import REHEARSALS, ROBOT_TIME_S, Setup, Song
from calibration.loop.state import Facts, State
from calibration.loop.summary import mean_of, never_hit, summarise
from calibration.loop.training import Lesson, simulated_f1
from score import write_whole

SUMMARY = "summary.json"

FIRST_FINAL_TRIAL = 1001
"""Final performances meet draws of jitter and noise that no rehearsal met."""


def iterate(
    setup: Setup, folder: Path, *, resume: bool = False, on_progress: OnProgress = lambda _: None
) -> Facts:
    """Run the loop to its end, or go on with one that was stopped.

    In mode virtual the result does not depend on when and how often it was stopped, wall-clock
    times apart.

    Args:
        setup: What shapes it.
        folder: Where it keeps everything; `summary.json` is written there.
        resume: Go on with what the folder holds.
        on_progress: Is told how far it is.

    Returns:
        What `summary.json` holds.

    Raises:
        LoopError: The folder belongs to another loop, is in use or damaged, or the place changed.
        DaCapoError: A part of it failed: the message says which. What is finished is kept.
        OSError: The folder cannot be written.
    """
    with State(folder, setup.facts(), resume=resume) as state:
        loop = _Loop(setup, state, on_progress)
        summary = loop.run()
        if setup.baselines:
            measured = measure_baselines(setup, loop.stand, FIRST_FINAL_TRIAL)
            summary = {**summary, "baselines": measured}
            _write(summary, folder)
    return summary


class _Loop:
    """One loop on its way."""

    def __init__(self, setup: Setup, state: State, on_progress: OnProgress) -> None:
        self.setup, self.state, self._on_progress = setup, state, on_progress
        self.stand = Stand(
            setup.place, setup.model.rig, state, setup.place.fingerprint(), on_progress
        )
        self._known = Knowledge.read(None, setup.model.rig)
        self._bundles: dict[str, Path] = {}
        self._recordings: list[Path] = []
        self._robot_time_s = 0.0
        self._rounds: list[Facts] = []

    def run(self) -> Facts:
        """Excitation, rounds and the final scoring."""
        excited = self._excite()
        stopped = None
        while stopped is None:
            stopped = self._round(len(self._rounds) + 1)
        final = self._final(stopped)
        summary = summarise(
            self.setup,
            excited=excited,
            rounds=self._rounds,
            final=final,
            stopped=stopped,
            final_trained=self._rounds[-1]["accepted"],
            robot_time_s=self._robot_time_s,
        )
        _write(summary, self.state.folder)
        return summary

    def _excite(self) -> Facts:
        """Move so that the physics show, and learn what there is to learn from that."""
        stage = folders.EXCITATION
        made = self.state.once(f"{stage}/make", self._make_excitation)
        song, bundle = (str(self.state.folder / made[name]) for name in ("song", "bundle"))
        name = folders.plays(stage, stage, 1)
        played = self.stand.perform(name, song, bundle, 0, must_sound=True)
        self._heard(played)
        return {"robot_time_s": played["robot_time_s"], **self._fit(stage)}

    def _make_excitation(self) -> Facts:
        folder, model = self.state.folder / folders.EXCITATION / "motion", self.setup.model
        excitation = make_excitation(model)
        check_excitation(excitation, model)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        bundle, song = write_excitation(excitation, model, folder)
        return {
            name: str(path.relative_to(self.state.folder))
            for name, path in (("bundle", bundle), ("song", song))
        }

    def _round(self, number: int) -> str | None:
        """One round; returns why no other one follows."""
        stage = folders.round_folder(number)
        self._train(stage)
        takes = range(1, REHEARSALS + 1)
        before_s = self._robot_time_s if number > 1 else 0.0  # the excitation is of the first
        played = self._play(stage, {take: REHEARSALS * (number - 1) + take for take in takes})
        for facts in _each(played):
            self._heard(facts)
        fitted = self._fit(stage)
        simulated = self.state.once(f"{stage}/simulated", self._simulate)
        real = {song: [take["frame_f1"] for take in plays] for song, plays in played.items()}
        gap = Gap.of(simulated, real)
        used_s = self._robot_time_s - before_s
        told = {"round": number, "played": played, "simulated_f1": simulated}
        told |= {"gap": {"mean": gap.mean, "half_width": gap.half_width}}
        self._rounds.append(
            {**told, **fitted, "robot_time_s": used_s, "wall_s": self._wall_s(stage, number)}
        )
        means = [mean_of(r["played"], "frame_f1") for r in self._rounds]
        self._tell(stage, f"frame F1 {means[-1]:.3f}, {gap}, {self._robot_time_s:.0f} robot s")
        return reason_to_stop(
            gap,
            means,
            all_hit=not never_hit(played),
            rounds=self.setup.rounds,
            robot_time_s=self._robot_time_s,
            next_s=sum(facts["robot_time_s"] for facts in _each(played)),
            most_s=ROBOT_TIME_S,
        )

    def _wall_s(self, stage: str, number: int) -> float:
        """Compute and performances of a round; the first one begins with the excitation."""
        before_s = self.state.wall_s(f"{folders.EXCITATION}/") if number == 1 else 0.0
        return before_s + self.state.wall_s(f"{stage}/")

    def _final(self, stopped: str) -> Mapping[str, list[Facts]]:
        """Train once more if something was learned since; play what counts."""
        if self._rounds[-1]["accepted"]:
            self._train(folders.FINAL)
        takes = range(1, self.setup.effort.finals + 1)
        trials = {take: FIRST_FINAL_TRIAL + take - 1 for take in takes}
        played = self._play(folders.FINAL, trials)
        self._tell(folders.FINAL, f"frame F1 {mean_of(played, 'frame_f1'):.3f}; {stopped}")
        return played

    def _tell(self, stage: str, came_of_it: str) -> None:
        """Say what came of a stage."""
        self._on_progress(Progress(stage.replace("-", " "), "", 1.0, came_of_it, ended=True))

    def _train(self, stage: str) -> None:
        self._bundles = train_all(
            self.state, stage, [self._lesson(song) for song in self.setup.songs], self._on_progress
        )

    def _lesson(self, song: Song) -> Lesson:
        before, effort = self._bundles.get(song.name), self.setup.effort
        steps = effort.retraining_steps if before else effort.training_steps
        return Lesson(song, self._known, steps, warm_start=before)

    def _play(self, stage: str, trials: Mapping[int, int]) -> dict[str, list[Facts]]:
        """Every song once for each take; `trials` are their draws of jitter and noise by take."""
        played: dict[str, list[Facts]] = {song.name: [] for song in self.setup.songs}
        for take, trial in trials.items():
            for song in self.setup.songs:
                name = folders.plays(stage, song.name, take)
                bundle = str(self._bundles[song.name])
                played[song.name].append(self.stand.perform(name, song.source, bundle, trial))
        return played

    def _heard(self, played: Facts) -> None:
        """Count a performance as robot time, and learn from it from now on."""
        self._recordings.append(self.state.folder / played["recording"])
        self._robot_time_s += played["robot_time_s"]

    def _fit(self, stage: str) -> Facts:
        """Fit the simulator to all that was recorded; believe it if it errs less.

        What is told of the fit is what was tried; values, intervals and state delay are believed.
        """
        fitted = fit(
            self.state,
            stage,
            self._recordings,
            self._known,
            names=self.setup.fitted,
            trials=self.setup.effort.trials,
            on_progress=self._on_progress,
        )
        if fitted["accepted"]:
            self._known = kept_knowledge(self.state, fitted, self.setup.model.rig)
        known = self._known
        return {
            **fitted,
            "parameters": dict(known.parameters.values),
            "intervals": {name: list(ends) for name, ends in known.intervals.items()},
            "state_delay_s": known.state_delay_s,
        }

    def _simulate(self) -> Facts:
        episodes = self.setup.effort.episodes
        return {
            song.name: simulated_f1(song, self._bundles[song.name], self._known, episodes)
            for song in self.setup.songs
        }


def _each(played: Mapping[str, list[Facts]]) -> list[Facts]:
    return [facts for plays in played.values() for facts in plays]


def _write(summary: Mapping[str, Any], folder: Path) -> None:
    write_whole(folder / SUMMARY, json.dumps(summary, indent=2).encode())
