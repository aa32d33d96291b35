"""What long measurements share: cells that are kept on disk, and the pages that they fill."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from flax import serialization

from policies import Policy, load_policy
from policies.evaluation import evaluate, interval_of_mean
from score import Goals, load_song, make_goals, write_whole
from sim import (
    PhysicsParameters,
    PlayableModel,
    Randomisation,
    RigModel,
    build_model,
    load_rig,
)

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "benchmarks" / "results"
RUNS = ROOT / "runs" / "benchmarks"
PAGE = ROOT / "docs" / "learning.md"
RIGS = ("leap_rail_49", "allegro_slide_49")
SONGS = ("are_you_sleeping", "happy_birthday", "ode_to_joy", "twinkle_twinkle_little_star")
EPISODES, EVALUATION_SEED = 10, 1
HELD_OUT_SEED, HELD_OUT_DRAWS = 20_002, 16
"""Draws of the physics that no training and no exam sees."""


def kept(path: Path, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``path`` holds; measured and written first if it is not there."""
    if not path.is_file():
        print(f"{path.relative_to(KEPT)} ...", file=sys.stderr)
        load = os.getloadavg()[0]
        content = measure() | {"load_before": load, **_machine()}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(content, indent=2).encode())
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def _machine() -> dict[str, Any]:
    """What measured: asked in a process of its own, for asking takes the GPU."""
    ask = [sys.executable, "-c", "import jax; print(jax.devices()[0].device_kind)"]
    own = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    device = subprocess.run(ask, env=own, stdout=subprocess.PIPE, text=True, check=True)
    return {"cores": len(os.sched_getaffinity(0)), "device": device.stdout.strip()}


def dacapo(*arguments: str) -> tuple[dict[str, Any], float]:
    """What ``dacapo ... --json`` prints, and how long the process took from its start [s]."""
    started_s = time.monotonic()
    command = [sys.executable, "-m", "dacapo", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"dacapo {' '.join(arguments)} failed")
    return json.loads(done.stdout), time.monotonic() - started_s


def load(rig: str, song: str) -> tuple[RigModel, Goals]:
    """The nominal model and the goals of a song."""
    model = build_model(load_rig(rig))
    keyboard = model.rig.keyboard
    return model, make_goals(load_song(song), keyboard.lowest_pitch, keyboard.n_keys)


def play(policy: str, rig: str, song: str) -> dict[str, Any]:
    """Scores of a policy played afresh in the nominal simulator."""
    model, goals = load(rig, song)
    policy_ = load_policy(policy, model, goals)
    return evaluate(policy_, model, goals, EPISODES, seed=EVALUATION_SEED).to_dict()


def play_on_draws(policy: str, rig: str, song: str) -> list[float]:
    """Frame F1 of one undisturbed performance on every held-out draw of the physics."""
    model, goals = load(rig, song)
    ranges = Randomisation.around(PhysicsParameters.nominal(model.rig))
    models = ranges.draw_models(HELD_OUT_DRAWS, np.random.default_rng(HELD_OUT_SEED))
    return play_on(load_policy(policy, model, goals), models, goals)


def play_on(policy: Policy, models: Iterable[PlayableModel], goals: Goals) -> list[float]:
    """Frame F1 of one undisturbed performance on each model, whose delay the policy cannot know."""
    return [evaluate(policy, model, goals, 1, lead_s=0.0).frame_f1 for model in models]


def curve(bundle: str) -> list[tuple[int, float, float]]:
    """Steps, seconds and frame F1 of every exam of the run that made a bundle."""
    path = Path(bundle).parent / "checkpoint.msgpack"
    rows = json.loads(serialization.msgpack_restore((ROOT / path).read_bytes())["rows"])
    return [(row["steps"], row["wall_s"], row["marks"]["frame_f1"]) for row in rows]


def spread(values: Sequence[float]) -> str:
    """Mean, 95 % interval of the mean, and the worst."""
    if len(values) == 1:
        return f"{values[0]:.4f}"
    low, high = interval_of_mean(values, 0)
    return f"{np.mean(values):.4f} [{low:.4f}, {high:.4f}], worst {min(values):.4f}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fill(name: str, content: str, page: Path = PAGE) -> None:
    """Put content between the marks of that name in a page."""
    text = page.read_text()
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    filled, count = re.subn(
        pattern, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL
    )
    if count != 1:
        raise SystemExit(f"{page} has no marks <!-- {name} --> ... <!-- /{name} -->")
    write_whole(page, filled.encode())
