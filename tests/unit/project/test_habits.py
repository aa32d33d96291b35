"""The habits of the code: what is named exists, and files and functions stay small."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("score", "sim", "policies", "calibration", "dacapo")
SOURCES = (*PACKAGES, "ros2_ws/src/piano_nodes", "scripts", "benchmarks", "launch")


def source_files() -> list[Path]:
    return [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py"))]


def function_lengths() -> Iterator[tuple[int, str]]:
    for path in source_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield lines, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def all_packages() -> list[str]:
    return [
        module.name
        for package in PACKAGES
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        if module.ispkg
    ] + list(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_says_what_it_offers(name: str) -> None:
    assert hasattr(importlib.import_module(name), "__all__")


@pytest.mark.parametrize("name", all_packages())
def test_what_a_package_offers_exists(name: str) -> None:
    package = importlib.import_module(name)
    names = getattr(package, "__all__", [])
    assert len(set(names)) == len(names)
    assert [n for n in names if not hasattr(package, n)] == []


def test_files_are_small() -> None:
    sizes = [len(path.read_text().splitlines()) for path in source_files()]
    assert np.percentile(sizes, 90) <= 300


def test_functions_are_small() -> None:
    lengths = sorted(function_lengths())
    assert lengths[-1][0] <= 80, lengths[-1][1]
    assert np.percentile([lines for lines, _ in lengths], 90) <= 40


def test_every_data_file_travels_with_its_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = settings["package-data"]["*"]
    left_behind = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
        if not any(path.match(pattern) for pattern in patterns)
    ]
    assert left_behind == []


def test_the_extras_of_the_design_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"ros", "train", "hardware", "video", "dev"} <= set(project["optional-dependencies"])
