"""Extras of the installation, which some verbs need."""

from __future__ import annotations

import importlib.util

EXTRAS = {
    "train": ("jax", "flax", "optax", "tensorboardX", "matplotlib"),
    "mjx": ("mujoco.mjx", "warp"),
    "dataset": ("zarr", "matplotlib"),
}
"""Packages of an extra by its name."""

INSTALL_EXTRA = ".venv/bin/python -m pip install -e '.[{}]'"


def require_extra(what: str, extra: str) -> None:
    """Refuses what needs an extra that is not installed.

    Args:
        what: needs it, as the user calls it.
        extra: a name among ``EXTRAS``.

    Raises:
        DaCapoError: naming the first package that is missing and the command that installs it.
    """
    from score import DaCapoError

    for name in EXTRAS[extra]:
        if importlib.util.find_spec(name) is None:
            raise DaCapoError(f"{what} needs {name}: run {INSTALL_EXTRA.format(extra)}")
