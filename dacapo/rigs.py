"""`dacapo rigs`: the rigs that can be played."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass

from dacapo.output import print_json, print_table
from dacapo.verbs import DEFAULT_RIG, Verbs, add_verb

EPILOG = """\
examples:
  dacapo rigs                         names, hands, keyboards, actuated joints (with a pedal)
  dacapo play twinkle_twinkle_little_star --rig allegro_slide_49
  dacapo play ode_to_joy --rig my_rig.yaml
"""


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    name: str
    hand: str
    keyboard: str
    keys: int
    lowest_pitch: int
    joints: int
    default: bool


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    add_verb(verbs, "rigs", "list the rigs: hand, rail and keyboard", EPILOG, run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    from sim import pair_names, rig_names

    rows = [_describe(name) for name in (*rig_names(), *pair_names())]
    if arguments.json:
        print_json({"rigs": [asdict(row) for row in rows]})
        return 0
    header = ("rig", "hand", "keyboard", "keys", "lowest pitch", "joints", "")
    cells = [(*list(asdict(row).values())[:-1], "default" if row.default else "") for row in rows]
    print_table(header, cells)
    return 0


def _describe(name: str) -> Row:
    from sim import Rig, load_any_rig

    rig = load_any_rig(name)
    if isinstance(rig, Rig):
        hand, model, keyboard = rig.hand.model, rig.keys.model, rig.keyboard
        joints = len(rig.joint_names)
    else:
        hand, model, keyboard, joints = rig.hand, rig.keyboard, rig.piano, rig.n_actions
    return Row(
        name=name,
        hand=hand,
        keyboard=model,
        keys=keyboard.n_keys,
        lowest_pitch=keyboard.lowest_pitch,
        joints=joints,
        default=name == DEFAULT_RIG,
    )
