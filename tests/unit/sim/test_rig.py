"""Rig files: the shipped ones load, every bad one is refused with one line."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sim
from sim import RAIL, Rig, RigError, build_model, load_rig, rig_names

SHIPPED = Path(sim.__file__).parent / "rigs"
BASE: dict[str, Any] = yaml.safe_load((SHIPPED / "allegro_slide_49.yaml").read_text())
every_rig = pytest.mark.parametrize("name", rig_names())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rig") / "mine.yaml"


def changed(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """A shipped rig with one field set."""
    content = copy.deepcopy(BASE)
    section = content
    for name in path[:-1]:
        section = section[name]
    section[path[-1]] = value
    return content


def refusal(file: Path, content: str | bytes) -> str:
    """What ``load_rig`` says about a file that it must refuse."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RigError) as caught:
        load_rig(file)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{file}: ")
    return message.removeprefix(f"{file}: ")


def test_the_rigs_of_the_design_are_shipped() -> None:
    assert rig_names() == ("allegro_slide_49", "leap_rail_49")


@every_rig
def test_shipped_rigs_load(name: str) -> None:
    rig = load_rig(name)
    assert rig.name == name
    assert rig == load_rig(SHIPPED / f"{name}.yaml")
    assert rig.joint_names[0] == RAIL
    assert len(set(rig.joint_names)) == len(rig.joint_names) == 13
    assert rig.keyboard.n_keys == 49


def test_joint_names_go_finger_by_finger_from_the_palm() -> None:
    assert load_rig("allegro_slide_49").joint_names == (
        "rail",
        *(f"{finger}j{index}" for finger in ("ff", "mf", "rf") for index in range(4)),
    )
    leap = load_rig("leap_rail_49").joint_names
    assert [name.split("_")[0] for name in leap[1:]] == ["if"] * 4 + ["mf"] * 4 + ["rf"] * 4


@every_rig
def test_the_hash_follows_the_content_and_nothing_else(name: str, file: Path) -> None:
    rig = load_rig(name)
    content = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())
    reordered = {key: content[key] for key in reversed(content)}
    file.write_text("# a comment\n" + yaml.safe_dump(reordered, sort_keys=False))
    assert load_rig(file).hash == rig.hash
    assert len({load_rig(each).hash for each in rig_names()}) == len(rig_names())
    for section, values in content.items():
        for field, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, float) and section != "driver":
                altered = rig.model_dump(by_alias=True)
                altered[section][field] = value * 0.999
                assert Rig.model_validate(altered).hash != rig.hash, (section, field)


def test_rigs_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_rig("leap_rail_49").finger.torque_limit_nm = 5.0


BAD_FIELDS: list[tuple[tuple[str, ...], object]] = [
    (("schema",), 2),
    (("name",), "My Rig"),
    (("hand",), None),
    (("hand", "model"), "claw"),
    (("hand", "variant"), "claws"),
    (("hand", "position_m"), [math.nan, 0.0, 0.0]),
    (("hand", "position_m"), [0.0, 0.0]),
    (("hand", "quat"), [0.0, 0.0, 0.0, 0.0]),
    (("hand", "quat"), [math.inf, 0.0, 0.0, 0.0]),
    (("hand", "fingers"), []),
    (("hand", "fingers"), ["ff", "pinky"]),
    (("hand", "fingers"), ["ff", "ff"]),
    (("hand", "tip_radius_m"), 0.013),
    (("hand", "tip_radius_m"), math.nan),
    (("hand", "parked_rad"), {"thj0": math.nan}),
    (("hand", "parked_rad"), {"thj0": 9.0}),
    (("hand", "parked_rad"), {"pinky_j0": 0.0}),
    (("hand", "parked_rad"), dict.fromkeys(("ffj0", "ffj1", "ffj2", "ffj3"), 0.1)),
    (("finger", "torque_limit_nm"), 0.0),
    (("finger", "armature_kgm2"), math.inf),
    (("finger", "frictionloss_nm"), -0.01),
    (("finger", "speling"), 1.0),
    (("rail", "range_m"), [0.3, -0.3]),
    (("rail", "range_m"), [-math.inf, math.inf]),
    (("rail", "force_limit_n"), "strong"),
    (("keys", "model"), "grand"),
    (("keys", "n_keys"), 24),
    (("keys", "lowest_pitch"), 37),
    (("keys", "spring_reference_rad"), -math.inf),
    (("keys", "spring_reference_rad"), 0.1),
    (("keys", "trigger_fraction"), math.nan),
    (("keys", "release_fraction"), 0.5),
    (("keys", "release_fraction"), 0.6),
]


@pytest.mark.parametrize(("path", "value"), BAD_FIELDS, ids=str)
def test_a_bad_field_is_named(path: tuple[str, ...], value: object, file: Path) -> None:
    message = refusal(file, yaml.safe_dump(changed(path, value)))
    assert message.startswith(".".join(path))


def test_a_missing_field_is_named(file: Path) -> None:
    for section in ("hand", "finger", "rail", "keys"):
        for field in BASE[section]:
            if field in ("variant", "parked_rad"):
                continue
            content = copy.deepcopy(BASE)
            del content[section][field]
            assert f"{section}.{field}: Field required" in refusal(file, yaml.safe_dump(content))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "just words",
        "- a\n- list",
        "[[[",
        "[" * 500,
        "!!python/object/apply:os.system [ls]",
        "name: 2001-99-99",
        "!!int many",
        "!!bool perhaps",
        "!!timestamp soon",
        "!!int ''",
        "1" * 5000,
        "&a [*a]",
        "? {}\n: x",
        'name: "\\uD800"',
        '"a\\nb": 1',
        b"\x00\x01\x02",
        b"\xff\xfe\x00",
    ],
    ids=lambda content: ascii(content[:20]),
)
def test_what_is_no_rig_file_is_refused(content: str | bytes, file: Path) -> None:
    assert refusal(file, content)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=120) | st.text(max_size=120).map(lambda text: text.encode()))
def test_garbage_is_refused(content: bytes, file: Path) -> None:
    refusal(file, content)


def field_paths() -> list[tuple[str, ...]]:
    return [
        (section, field)
        for section, values in BASE.items()
        if isinstance(values, dict)
        for field in values
    ] + [(section,) for section in BASE]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(field_paths()), value=values)
def test_any_value_in_any_field_is_taken_or_refused_by_name(
    path: tuple[str, ...], value: object, file: Path
) -> None:
    text = yaml.safe_dump(changed(path, value))
    file.write_text(text)
    try:
        rig = load_rig(file)
    except RigError:
        named = refusal(file, text)
        # A joint that the hand lost is missed where the driver names it.
        assert path[0] in named or (path[0] == "hand" and "driver." in named)
    else:
        assert rig.joint_names


@settings(max_examples=12, deadline=None)
@given(
    scale=st.floats(0.2, 5.0),
    field=st.sampled_from(
        [path for path in field_paths() if len(path) == 2 and path[0] in ("finger", "rail", "keys")]
    ),
)
def test_whatever_loads_compiles(scale: float, field: tuple[str, str], file: Path) -> None:
    old = BASE[field[0]][field[1]]
    if isinstance(old, float):
        file.write_text(yaml.safe_dump(changed(field, old * scale)))
        try:
            rig = load_rig(file)
        except RigError:
            return
        assert build_model(rig).mj.nu == 13


@pytest.mark.parametrize("name", ["leap_rail_4", "/", "a" * 5000, "\0", "", "no/file.yaml"])
def test_a_missing_rig_is_told_what_there_is(name: str) -> None:
    with pytest.raises(RigError, match=r"no rig .*leap_rail_49") as caught:
        load_rig(name)
    assert len(str(caught.value).splitlines()) == 1


def test_an_unreadable_file_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    file.write_text(yaml.safe_dump(BASE))
    monkeypatch.setattr(Path, "read_text", refuse)  # the tests may run as root
    with pytest.raises(RigError, match=r"cannot be read \(Permission denied\)"):
        load_rig(file)
