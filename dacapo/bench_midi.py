"""`dacapo bench midi`: how late key events are stamped, and whether all arrive."""

from __future__ import annotations

import argparse

from dacapo.output import print_json, print_table
from dacapo.progress import LiveLine, bar


def bench_midi(arguments: argparse.Namespace) -> int:
    """Measures with `events` and `rate_hz` of the arguments; exit code 1 when events went wrong."""
    from hardware.keyboard.bench import measure_midi

    with LiveLine() as line:
        result = measure_midi(
            arguments.events, arguments.rate_hz, lambda done: line.show(f"{bar(done)} sending")
        )
    if arguments.json:
        print_json(result)
    else:
        print_table(tuple(result), [tuple(result.values())])
    return 1 if result["lost"] or result["duplicated"] or result["disordered"] else 0
