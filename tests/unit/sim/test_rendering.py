"""Pictures and videos: drawn for real where an OpenGL library is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from score import KeyEvent, Note, Score, make_goals
from sim import RenderingError, build_model, load_rig
from sim.encoder import find_ffmpeg, write_mp4
from sim.png import png_bytes
from sim.renderer import Renderer
from sim.rendering import render_pictures, render_video
from sim.replay import Replay
from sim.rig import Rig
from sim.scene import build_scene

SIZE = (160, 90)
GREEN, RED = np.array([0.06, 0.62, 0.50]), np.array([0.85, 0.22, 0.16])


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("leap_rail_49")


@pytest.fixture(scope="module")
def replay(rig: Rig) -> Replay:
    """One note in the middle, struck at its time, and a wrong key beside it."""
    low = rig.keyboard.lowest_pitch
    goals = make_goals(Score("a_note", (Note(60, 0.0, 0.3),)), low, rig.keyboard.n_keys)
    key = 60 - low
    events = (
        KeyEvent(0.5, key, True),
        KeyEvent(0.8, key, False),
        KeyEvent(0.9, key + 2, True),
        KeyEvent(0.95, key + 2, False),
    )
    return Replay(goals, events, np.array([0.0, 1.0]), np.zeros((2, len(rig.joint_names))))


@pytest.fixture(scope="module")
def renderer(rig: Rig, replay: Replay) -> Iterator[Renderer]:
    try:
        renderer = Renderer(rig, replay, SIZE, softness=1)
    except RenderingError as error:
        pytest.skip(str(error))
    with renderer:
        yield renderer


def share_like(pixels: NDArray[np.uint8], color: NDArray[np.float64]) -> float:
    """Share of the pixels whose hue is near a colour's."""
    hue = pixels - pixels.mean(axis=-1, keepdims=True)
    wanted = color - color.mean()
    strength = np.linalg.norm(hue, axis=-1)
    likeness = hue @ wanted / (strength * np.linalg.norm(wanted) + 1e-9)
    return float(((likeness > 0.95) & (strength > 60)).mean())


def test_the_scene_moves_like_the_rig(rig: Rig) -> None:
    scene, model = build_scene(rig, *SIZE), build_model(rig)
    assert scene.joint_names == model.joint_names
    np.testing.assert_array_equal(scene.joint_qpos, model.joint_qpos)
    assert scene.mj.nq == model.mj.nq
    np.testing.assert_array_equal(scene.mj.geom_contype[scene.key_geoms], 0)


def test_a_picture_shows_something(renderer: Renderer) -> None:
    pixels = renderer.frame(0.0)
    assert pixels.shape == (*SIZE[::-1], 3)
    assert pixels.std() > 20


def test_keys_are_lit_green_when_right_and_red_when_wrong(renderer: Renderer) -> None:
    silent, right, wrong = (renderer.frame(time_s) for time_s in (0.3, 0.65, 0.92))
    assert share_like(silent, GREEN) == 0.0
    assert share_like(right, GREEN) > 0.001
    assert share_like(wrong, RED) > share_like(silent, RED) + 0.001
    np.testing.assert_array_equal(renderer.frame(0.3), silent)


def test_softness_smooths_edges(rig: Rig, replay: Replay, renderer: Renderer) -> None:
    hard = renderer.frame(0.65).astype(float)
    with Renderer(rig, replay, SIZE, softness=6) as soft_renderer:
        soft = soft_renderer.frame(0.65).astype(float)
    assert np.abs(np.diff(soft, axis=1)).mean() < np.abs(np.diff(hard, axis=1)).mean()
    assert np.abs(soft - hard).mean() < 15


@pytest.mark.usefixtures("renderer")
def test_pictures_are_png_files_of_the_frames(rig: Rig, replay: Replay) -> None:
    first, second = render_pictures(rig, replay, [0.3, 0.65], SIZE, softness=1)
    assert first[:8] == second[:8] == b"\x89PNG\r\n\x1a\n"
    assert first != second


@pytest.mark.usefixtures("renderer")
def test_a_video_has_every_picture_and_reports_progress(
    rig: Rig, replay: Replay, tmp_path: Path
) -> None:
    needs_ffmpeg()
    path, shares = tmp_path / "note.mp4", list[float]()
    render_video(rig, replay, path, fps=5, progress=shares.append)
    assert path.read_bytes()[4:8] == b"ftyp"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) == round((replay.duration_s + 0.5) * 5)
    assert [file.name for file in tmp_path.iterdir()] == ["note.mp4"]


def needs_ffmpeg() -> None:
    try:
        find_ffmpeg()
    except RenderingError as error:
        pytest.skip(str(error))


def test_an_encoder_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    needs_ffmpeg()
    frame = bytes(16 * 16 * 3)
    with pytest.raises(RenderingError, match="ffmpeg failed"):
        write_mp4([frame] * 3, (16, 16), 5, b"no sound", tmp_path / "a.mp4")
    with pytest.raises(RenderingError, match=r"ffmpeg failed|cannot write"):
        write_mp4([frame] * 3, (16, 16), 5, b"", tmp_path / "missing" / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_without_opengl_there_is_one_clear_line() -> None:
    code = (
        "from sim.gl import open_context\nfrom sim import RenderingError\n"
        "try: open_context(8, 8)\nexcept RenderingError as error: print(error)"
    )
    environment = os.environ | {"PYOPENGL_PLATFORM": "nothing"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "apt-get install libosmesa6" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_importing_the_renderer_loads_no_opengl() -> None:
    code = "import sim.rendering, sys; print([m for m in sys.modules if m.startswith('OpenGL')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_png_of_a_frame_is_small(renderer: Renderer) -> None:
    assert len(png_bytes(renderer.frame(0.65))) < SIZE[0] * SIZE[1] * 3 / 2


def test_a_renderer_draws_on_when_another_is_gone(
    rig: Rig, replay: Replay, renderer: Renderer
) -> None:
    before = renderer.frame(0.65)
    with Renderer(rig, replay, SIZE, softness=1) as other:
        other.frame(0.1)
    assert (renderer.frame(0.65) == before).all()
