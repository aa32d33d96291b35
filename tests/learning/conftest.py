"""Compiles what these tests need once, and quickly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import jax
import pytest


@pytest.fixture(scope="session")
def compilation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """JAX settings with which a learner compiles in half a second."""
    return {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
        "jax_persistent_cache_min_compile_time_secs": 0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
        "jax_disable_most_optimizations": True,
    }


@pytest.fixture(scope="session", autouse=True)
def _compile_quickly(compilation: dict[str, object]) -> Iterator[None]:
    after = {"jax_compilation_cache_dir": None, "jax_disable_most_optimizations": False}
    _configure(compilation)
    yield
    _configure(after)


def _configure(settings: Mapping[str, object]) -> None:
    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]  # JAX's own gap
