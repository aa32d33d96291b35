"""What the example worlds cost the plan: fills the table of docs/worlds.md.

    python benchmarks/worlds.py

Every cell is one trial of `dacapo evaluate SONG --world WORLD --policy planner`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from hardware.world import world_names
from score import write_whole

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "worlds.md"
SONGS = ("are_you_sleeping", "happy_birthday", "ode_to_joy", "twinkle_twinkle_little_star")
HEADER = ("world", "rig", *SONGS)


def cells(world: str, rig: str) -> list[str]:
    """Frame F1 and note F1 (50 ms) of the four songs."""
    command = ["evaluate", *SONGS, "--rig", rig, "--world", world, "--episodes", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "dacapo", *command], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    songs = json.loads(done.stdout)["songs"]
    return [f"{songs[s]['frame_f1']:.2f}, {songs[s]['note_f1_50ms']:.2f}" for s in SONGS]


def main() -> None:
    """Measure and fill."""
    lines = [HEADER, ("---",) * len(HEADER)]
    for world in world_names():
        for rig in ("leap_rail_49", "allegro_slide_49"):
            lines.append((f"`{world}`", f"`{rig}`", *cells(world, rig)))
            print(world, rig, *lines[-1][2:], file=sys.stderr)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    filled = re.sub(
        r"(<!-- worlds -->\n).*?(<!-- /worlds -->)",
        lambda marks: f"{marks[1]}{table}\n{marks[2]}",
        PAGE.read_text(),
        flags=re.DOTALL,
    )
    write_whole(PAGE, filled.encode())


if __name__ == "__main__":
    main()
