"""`dacapo VERB`: one module per verb, errors as one line, exit codes 0, 1 and 2.

0: did it. 1: ran and failed, or was stopped; the reason is on standard error. 2: bad usage.
Verbs import what they need when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from dacapo.output import complain

# Before NumPy is there: its matrices here are small, and threads over them only wait for each
# other (planning for two hands: two to ten times the processor time), and round otherwise.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

VERBS = (
    "play",
    "train",
    "imitate",
    "evaluate",
    "polish",
    "iterate",
    "emulate",
    "hand",
    "record",
    "replay",
    "inspect",
    "repair",
    "calibrate",
    "dataset",
    "songs",
    "rigs",
    "bench",
    "doctor",
    "info",
)

DESCRIPTION = "A robot hand learns to play a real keyboard: simulate, play, listen, correct."

EPILOG = """\
examples:
  dacapo play ode_to_joy              play a song and score it
  dacapo train my_song.mid            learn one of your own
  dacapo songs                        the songs of the library
  dacapo doctor                       what is missing, and which command mends it

`dacapo VERB --help` explains a verb. Exit codes: 0 did it, 1 ran and failed, 2 bad usage.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="dacapo",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in VERBS:
        importlib.import_module(f"dacapo.{verb}").add_parser(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        argv: arguments without the program's name; those of the process if None.

    Returns:
        The exit code.
    """
    arguments = build_parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return complain("stopped")
    except BrokenPipeError:  # `dacapo songs | head`: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        return complain(f"error: {error}: run 'make setup', then 'dacapo doctor'")
    except OSError as error:
        return complain(f"error: {_place(error)}{error.strerror or error}")
    except Exception as error:
        if not _is_ours(error):
            raise  # a bug: the traceback is wanted
        return complain(f"error: {error}")
    return code


def _place(error: OSError) -> str:
    return f"{error.filename}: " if error.filename else ""


def _is_ours(error: Exception) -> bool:
    from score import DaCapoError

    return isinstance(error, DaCapoError)


if __name__ == "__main__":
    sys.exit(main())
