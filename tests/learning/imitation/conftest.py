"""What the tests of imitation share."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.imitation import methods
from policies.imitation.bundle import ImitationBundle
from policies.imitation.songs import Songs, load_songs
from policies.imitation.split import read_split
from sim.pair import PairModel, build_pair, load_pair
from tests.learning.imitation.bundles import TINY, bundle_of
from tests.learning.imitation.store import SPLIT, write_store


@pytest.fixture(scope="module")
def model() -> PairModel:
    return build_pair(load_pair("shadow_pair_88"))


@pytest.fixture(scope="module")
def store(model: PairModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "tiny.zarr"
    write_store(path, model)
    return path


@pytest.fixture
def split_file(tmp_path: Path) -> Path:
    path = tmp_path / "split.yaml"
    path.write_text(SPLIT)
    return path


@pytest.fixture
def songs(store: Path, model: PairModel, split_file: Path) -> Songs:
    return load_songs(store, read_split(split_file), model)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(methods.METHODS, "bc-256", TINY)


@pytest.fixture
def bundle(model: PairModel, songs: Songs) -> ImitationBundle:
    return bundle_of(model, songs)
