"""World files: what is read, and what is refused with the name of the field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from hardware.errors import WorldError
from hardware.world import World, load_world, world_names

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(folder: Path, **content: object) -> Path:
    path = folder / "world.yaml"
    path.write_text(yaml.safe_dump({"schema": 1, "name": "mine"} | content))
    return path


def test_six_examples_come_along() -> None:
    assert len(world_names()) == 6
    worlds = [load_world(name) for name in world_names()]
    assert [world.name for world in worlds] == list(world_names())
    assert sum(world == World(schema=1, name=world.name) for world in worlds) == 1  # the nominal


def test_what_is_left_out_is_nominal(tmp_path: Path) -> None:
    world = load_world(written(tmp_path, hand={"stribeck": 0.3}, timing={"jitter_s": 0}))
    nominal = load_world("nominal")
    assert world.hand.stribeck == 0.3
    assert world.hand.stiffness_scale == 1.0
    assert world.keyboard == nominal.keyboard
    assert world.faults.events == ()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"hands": {}}, "hands: Extra inputs"),
        ({"hand": {"backlash": 0.1}}, r"hand\.backlash: Extra inputs"),
        ({"hand": {"backlash_rad": 0.5}}, r"hand\.backlash_rad: .*less than"),
        ({"hand": {"stiffness_scale": "1.0"}}, r"hand\.stiffness_scale: .*valid number"),
        ({"hand": {"stiffness_scale": True}}, r"hand\.stiffness_scale: .*valid number"),
        ({"keyboard": {"offset_m": [0, 0, 1]}}, r"keyboard\.offset_m\.2: .*less than"),
        ({"keyboard": {"offset_m": [0, 0]}}, r"keyboard\.offset_m\.2: Field required"),
        (
            {"keyboard": {"trigger_fraction": 0.5, "release_fraction": 0.5}},
            r"keyboard\.release_fraction: must be below keyboard\.trigger_fraction",
        ),
        ({"timing": {"jitter_s": float("nan")}}, r"timing\.jitter_s"),
        ({"faults": {"events": [{"at_s": 1.0, "kind": "earthquake"}]}}, r"events\.0\.kind"),
        ({"seed": -1}, "seed: .*greater than"),
        ({"seed": 1.5}, "seed: .*valid integer"),
        ({"schema": 2}, "schema: .*1"),
        ({"name": "../x"}, "name: "),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, content: dict[str, Any], complaint: str) -> None:
    with pytest.raises(WorldError, match=f"world.yaml: .*{complaint}") as refusal:
        load_world(written(tmp_path, **content))
    assert "\n" not in str(refusal.value)


def test_no_such_world_names_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="did you mean 'worn-hand'"):
        load_world("worn_hand")
    with pytest.raises(WorldError, match=r"choose heavy-keys or .*, or give a YAML file"):
        load_world(tmp_path / "nowhere.yaml")
    with pytest.raises(WorldError, match="no world"):
        load_world("a\0b")
    with pytest.raises(WorldError, match="no world"):
        load_world(tmp_path)


@quick
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_world_or_one_line_of_complaint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(content)
    with pytest.raises(WorldError) as refusal:  # five bytes of luck do not make a world
        load_world(path)
    assert "\n" not in str(refusal.value)


def field_names() -> dict[str, list[str]]:
    """The fields of every section."""
    kinds = {name: field.annotation for name, field in World.model_fields.items()}
    return {
        name: list(kind.model_fields)
        for name, kind in kinds.items()
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    }


NAMES = field_names()
values = st.one_of(st.floats(), st.floats(0, 2), st.text(max_size=5), st.lists(st.floats(0, 0.01)))
fields = st.sampled_from(sorted({field for names in NAMES.values() for field in names}))
sections = st.one_of(
    *(
        st.fixed_dictionaries({name: st.dictionaries(st.sampled_from(known) | fields, values)})
        for name, known in NAMES.items()
    )
)


@quick
@given(content=sections)
def test_any_fields_are_a_world_or_one_line_of_complaint(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    path = written(tmp_path, **content)
    try:
        world = load_world(path)
    except WorldError as error:
        complaint = str(error)
        assert complaint.startswith(str(path)), complaint
        return
    again = written(tmp_path, **world.model_dump(mode="json", by_alias=True))
    assert load_world(again) == world
