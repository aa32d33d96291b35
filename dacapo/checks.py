"""What this machine needs, checked piece by piece.

Standard library only: it must run where everything else is missing.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dacapo.extras import INSTALL_EXTRA

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

SETUP = "make setup"
OPTIONAL_EXTRAS = (
    "train",
    "calibrate",
    "hardware",
    "mjx",
    "gym",
    "dataset",
    "corpus",
    "cluster",
    "peers",
    "dev",
)
PROBE_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Check:
    """One line of the doctor's table.

    Attributes:
        name: what was looked at.
        state: `ok`, `warn` (something works less well or not at all, playing does) or `missing`.
        detail: what was found.
        mend: the command that mends it; empty if nothing is to be mended.
    """

    name: str
    state: str
    detail: str
    mend: str = ""


def all_checks() -> Iterator[Check]:
    """Every check, the foundations first; each is made when it is asked for."""
    yield python()
    yield virtual_environment()
    yield from tools()
    yield from packages()
    yield ros()
    yield ros_workspace()
    yield discovery()
    yield rendering()
    yield ffmpeg()
    yield midi()
    yield cores()
    yield realtime()


def python() -> Check:
    """Python itself."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):
        return Check("Python", "missing", f"{version}, needs 3.11", "sudo apt-get install python3")
    return Check("Python", "ok", f"{version} ({sys.executable})")


def virtual_environment() -> Check:
    """The environment that `make` fills."""
    name = "virtual environment"
    if not (ROOT / ".venv/bin/python").exists():
        return Check(name, "missing", "no .venv in the project", SETUP)
    if Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        mend = "make setup, then .venv/bin/dacapo doctor"
        return Check(name, "warn", f"not in use: this is {sys.prefix}", mend)
    return Check(name, "ok", sys.prefix)


def tools() -> Iterator[Check]:
    """The compiler and make, which build the ROS 2 interfaces."""
    for tool, package in (("gcc", "build-essential"), ("g++", "build-essential"), ("make", "make")):
        found = shutil.which(tool)
        if found:
            yield Check(tool, "ok", found)
        else:
            yield Check(tool, "missing", "not on PATH", f"sudo apt-get install {package}")


def packages() -> Iterator[Check]:
    """The Python packages that pyproject.toml names: the core one by one, extras together."""
    if sys.version_info < (3, 11):
        return
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in project["dependencies"]:
        yield package(requirement, "missing", SETUP)
    yield _probe("our packages", "import score, sim, policies", "score, sim, policies", SETUP)
    for extra, requirements in project["optional-dependencies"].items():
        if requirements and not (extra == "ros" and os.environ.get("ROS_DISTRO")):
            yield extra_packages(extra, requirements)


def extra_packages(extra: str, requirements: list[str]) -> Check:
    """All packages of one extra; a sourced ROS 2 installation replaces those of `ros`."""
    optional = extra in OPTIONAL_EXTRAS
    lacking, mend = ("warn", INSTALL_EXTRA.format(extra)) if optional else ("missing", SETUP)
    found = [package(requirement, lacking, mend) for requirement in requirements]
    problems = [f"{check.name} {check.detail}" for check in found if check.state != "ok"]
    if not problems:
        return Check(f"packages [{extra}]", "ok", f"{len(found)} installed")
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    return Check(f"packages [{extra}]", lacking, problems[0] + more, mend)


def package(requirement: str, lacking: str, mend: str) -> Check:
    """One Python package.

    Args:
        requirement: as in pyproject.toml, such as `mujoco>=3.17,<4`.
        lacking: the state to report when it is not there or its version is out of bounds.
        mend: the command that installs it.
    """
    name, bounds = _split(requirement)
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, lacking, "not installed", mend)
    if not _within(version, bounds):
        return Check(name, lacking, f"{version}, needs {bounds}", mend)
    return Check(name, "ok", version)


def ros() -> Check:
    """ROS 2 itself."""
    source = os.environ.get("ROS_DISTRO", "wheels")
    return _probe("ROS 2", "import rclpy", f"rclpy ({source})", SETUP)


def ros_workspace() -> Check:
    """Our messages and nodes, built."""
    code = "import piano_nodes.compose, piano_msgs.msg"
    return _probe("ROS 2 workspace", code, "piano_msgs, piano_nodes", SETUP)


def discovery() -> Check:
    """How far this machine's ROS 2 nodes can be seen."""
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    if reach == "LOCALHOST":
        return Check("discovery", "ok", f"this machine only, domain {domain}")
    mend = "export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST"
    return Check("discovery", "warn", f"{reach}: others may interfere, domain {domain}", mend)


def rendering() -> Check:
    """Pictures without a screen."""
    problem = _runs("from sim.gl import open_context; open_context(8, 8)")
    if problem is None:
        return Check("rendering", "ok", "draws without a screen")
    return Check("rendering", "warn", "no pictures, no videos", "sudo apt-get install libosmesa6")


def ffmpeg() -> Check:
    """The encoder behind `--video`."""
    found = shutil.which("ffmpeg")
    if not found and importlib.util.find_spec("imageio_ffmpeg"):
        found = "imageio-ffmpeg"
    if found:
        return Check("ffmpeg", "ok", found)
    return Check("ffmpeg", "warn", "no --video", "sudo apt-get install ffmpeg")


def midi() -> Check:
    """What carries the keys of a real or emulated keyboard; `dacapo doctor keyboard` says more."""
    sequencer = Path("/dev/snd/seq")
    if os.access(sequencer, os.R_OK | os.W_OK):
        return Check("MIDI", "ok", f"ALSA ({sequencer})")
    if sequencer.exists():
        mend = "sudo usermod -aG audio $USER, then log out and in"
        return Check("MIDI", "warn", f"no permission for {sequencer}", mend)
    found = shutil.which("jackd")
    if found:
        return Check("MIDI", "ok", f"no {sequencer}: JACK ({found})")
    detail = f"no {sequencer}, no jackd: no keyboard, no emulated rig"
    return Check("MIDI", "warn", detail, "sudo modprobe snd-seq, or sudo apt-get install jackd2")


def cores() -> Check:
    """Processor cores this process may use."""
    count = len(os.sched_getaffinity(0))
    if count < 2:
        return Check("cores", "warn", "1: the control loop may miss its period", "use 2 or more")
    return Check("cores", "ok", str(count))


def realtime() -> Check:
    """Real-time priority, which keeps the control period steady on a busy machine."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        mend = "echo '* - rtprio 50' | sudo tee /etc/security/limits.d/dacapo.conf, log in again"
        return Check("real-time priority", "warn", "refused: keep the machine idle", mend)
    os.sched_setscheduler(0, policy, parameters)
    return Check("real-time priority", "ok", "granted")


def _probe(name: str, code: str, detail: str, mend: str) -> Check:
    problem = _runs(code)
    if problem is None:
        return Check(name, "ok", detail)
    return Check(name, "missing", problem, mend)


def _runs(code: str) -> str | None:
    """Runs Python code in a process of its own; None, or its last line of complaint."""
    flags = ["-S"] if sys.flags.no_site else []  # to see no more packages than this process does
    try:
        result = subprocess.run(
            [sys.executable, *flags, "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PROBE_TIMEOUT_S:.0f} s"
    if result.returncode == 0:
        return None
    return (result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1]


def _split(requirement: str) -> tuple[str, str]:
    """`('mujoco', '>=3.17,<4')`: name and bounds, without extras and markers."""
    match = re.match(r"[\w.-]+", requirement)
    name = match.group() if match else requirement
    bounds = requirement[len(name) :].partition(";")[0]
    return name, re.sub(r"\[.*\]", "", bounds).strip()


def _within(version: str, bounds: str) -> bool:
    """Whether `3.17.0` lies within `>=3.17,<4`; the operators that pyproject.toml uses."""
    ours = _numbers(version)
    for bound in filter(None, bounds.split(",")):
        theirs = _numbers(bound)
        if not {
            ">=": ours >= theirs,
            "==": ours == theirs,
            "<": ours < theirs,
        }[re.sub(r"[\w.\s]", "", bound)]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return tuple((*numbers, 0, 0, 0)[:3])
