"""The doctor's checks: what they find, and that they run where nothing is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dacapo import checks

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("version", "bounds", "inside"),
    [
        ("3.17.0", ">=3.17,<4", True),
        ("4.0.0", ">=3.17,<4", False),
        ("3.16.9", ">=3.17,<4", False),
        ("1.6", ">=1.6, <2", True),
        ("2.4.6", "", True),
        ("7.1.6", "==7.1.6", True),
        ("7.1.5", "==7.1.6", False),
    ],
)
def test_bounds(version: str, bounds: str, inside: bool) -> None:
    assert checks._within(version, bounds) is inside


def test_requirement_with_extra_and_marker() -> None:
    check = checks.package("pytest[x]>=8 ; python_version < '4'", "missing", "mend it")
    assert (check.name, check.state) == ("pytest", "ok")


def test_package_out_of_bounds_names_both_versions_and_the_mending() -> None:
    check = checks.package("pytest>=1,<2", "missing", "mend it")
    assert check.state == "missing"
    assert "needs >=1,<2" in check.detail
    assert check.mend == "mend it"


def test_missing_package() -> None:
    check = checks.package("no-such-package>=1", "warn", "mend it")
    assert (check.state, check.detail) == ("warn", "not installed")


def test_every_complaint_comes_with_a_mending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    found = [*checks.tools(), checks.discovery(), checks.ffmpeg()]
    assert sum(check.state != "ok" for check in found) >= 4
    assert all(check.mend for check in found if check.state != "ok")


def test_probe_reports_the_last_line() -> None:
    check = checks._probe("x", "raise ValueError('why')", "detail", "mend it")
    assert (check.state, check.detail, check.mend) == ("missing", "ValueError: why", "mend it")


def test_doctor_runs_without_any_package() -> None:
    """`-S` hides every installed package, as on a machine where nothing is set up."""
    result = subprocess.run(
        [sys.executable, "-S", "-m", "dacapo", "doctor", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    report = json.loads(result.stdout)
    assert report["ok"] is False
    mend = {check["name"]: check["mend"] for check in report["checks"]}
    assert mend["numpy"] == mend["ROS 2"] == mend["ROS 2 workspace"] == "make setup"
