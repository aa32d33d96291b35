"""Optional packages that are missing are named, with what installs them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("package", "import_name", "module"),
    [
        ("pyserial", "serial", "hardware.bus.port"),
        ("dynamixel-sdk", "dynamixel_sdk", "hardware.bus.sdk"),
    ],
)
def test_a_missing_package_is_named_with_its_cure(
    package: str, import_name: str, module: str
) -> None:
    code = f"import sys; sys.modules[{import_name!r}] = None; import {module}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last == (
        f"hardware.errors.HardwareError: {package} is not installed: "
        "run python -m pip install -e '.[hardware]'"
    )
