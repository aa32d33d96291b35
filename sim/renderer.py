"""Drawing a performance at any moment of it, without a screen.

Joints and keys are put where they were and drawn; nothing is simulated again. A key that sounds as
it should is lit green, one that sounds uncalled for red, one that is due but silent is tinted.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.errors import RenderingError
from sim.gl import open_context
from sim.replay import Replay
from sim.rig import Rig
from sim.scene import BLACK_KEY, WHITE_KEY, build_scene
from sim.shapes import Color

_RIGHT: Color = (0.06, 0.62, 0.50, 1.0)
_WRONG: Color = (0.85, 0.22, 0.16, 1.0)
_AWAITED: Color = (0.62, 0.84, 0.77, 1.0)
_GLOW = 0.25
_LAMP_RADIUS = 0.13  # how far the light's direction is spread
_GOLDEN_RATIO = (1 + 5**0.5) / 2
_GOLDEN_ANGLE = np.pi * (3 - 5**0.5)
_MAX_GEOMS = 1000


class Renderer:
    """Draws a rig at moments of a performance; a context manager, for one thread.

    Args:
        rig: what played.
        replay: what it played; the camera shows all of its movement.
        size: width and height of a picture [px].
        softness: how many pictures are averaged into one, for smooth edges and soft shadows.

    Raises:
        RenderingError: this machine cannot draw without a screen.
    """

    def __init__(self, rig: Rig, replay: Replay, size: tuple[int, int], softness: int) -> None:
        self._replay, self._size, self._softness = replay, size, softness
        self._scene = build_scene(rig, *size)
        mj = self._scene.mj
        self._data = mujoco.MjData(mj)
        self._colors = [BLACK_KEY if black else WHITE_KEY for black in rig.keyboard.black]
        self._camera = _camera(replay.joint_positions[:, 0])
        self._options = mujoco.MjvOption()
        self._options.sitegroup[:] = 0
        self._context = open_context(*size)
        try:
            self._drawing = mujoco.MjrContext(mj, mujoco.mjtFontScale.mjFONTSCALE_100)
        except mujoco.FatalError as error:
            self._context.free()
            raise RenderingError(f"cannot draw here: {error}; update the OpenGL driver") from error
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._drawing)
        self._geoms = mujoco.MjvScene(mj, _MAX_GEOMS)
        self._geoms.flags[mujoco.mjtRndFlag.mjRND_FOG] = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the context; a second call does nothing."""
        self._drawing.free()
        self._context.free()

    def frame(self, time_s: float) -> NDArray[np.uint8]:
        """The picture at a score time, shape ``(height, width, 3)``, top row first."""
        # Another renderer that was given up meanwhile, or just collected, took the context along.
        self._context.make_current()
        self._pose(time_s)
        perturbation, everything = mujoco.MjvPerturb(), mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(
            self._scene.mj,
            self._data,
            self._options,
            perturbation,
            self._camera,
            everything,
            self._geoms,
        )
        self._light_keys(time_s)
        if self._softness == 1:
            return self._draw()
        return self._draw_softly()

    def _pose(self, time_s: float) -> None:
        scene, data, replay = self._scene, self._data, self._replay
        data.qpos[scene.joint_qpos] = replay.joints_at(time_s)
        data.qpos[scene.key_qpos] = replay.key_depth_at(time_s) * scene.key_travel_rad
        mujoco.mj_forward(scene.mj, data)

    def _light_keys(self, time_s: float) -> None:
        sounding, due = self._replay.sounding_at(time_s), self._replay.due_at(time_s)
        key_of_geom = {int(geom): key for key, geom in enumerate(self._scene.key_geoms)}
        for geom in self._geoms.geoms[: self._geoms.ngeom]:
            key = key_of_geom.get(geom.objid)
            if geom.objtype != mujoco.mjtObj.mjOBJ_GEOM or key is None:
                continue
            color = self._colors[key]
            if key in sounding:
                color = _RIGHT if key in due else _WRONG
            elif key in due:
                color = _AWAITED
            geom.rgba[:] = color
            geom.emission = _GLOW if key in sounding else 0.0

    def _draw(self) -> NDArray[np.uint8]:
        width, height = self._size
        pixels = np.empty((height, width, 3), np.uint8)
        frame = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(frame, self._geoms, self._drawing)
        mujoco.mjr_readPixels(pixels, None, frame, self._drawing)
        return pixels[::-1]

    def _draw_softly(self) -> NDArray[np.uint8]:
        """The average of pictures that differ by parts of a pixel and in where the light is."""
        lamp = next(light for light in self._geoms.lights[: self._geoms.nlight] if light.castshadow)
        direction, total = np.array(lamp.dir), np.zeros((*self._size[::-1], 3), np.uint16)
        lenses = [
            (eye, eye.frustum_center, eye.frustum_bottom, eye.frustum_top)
            for eye in self._geoms.camera
        ]
        for aside, (right, up) in _jitters(self._softness):
            lamp.dir[:] = (direction + aside) / np.linalg.norm(direction + aside)
            for eye, center, bottom, top in lenses:
                pixel = (top - bottom) / self._size[1]
                eye.frustum_center = center + right * pixel
                eye.frustum_bottom, eye.frustum_top = bottom + up * pixel, top + up * pixel
            total += self._draw()
        return np.asarray((total // self._softness).astype(np.uint8))


def _jitters(count: int) -> Iterator[tuple[NDArray[np.float64], tuple[float, float]]]:
    """Shifts of the light, evenly over a disc, and of the view, evenly over a pixel."""
    for i in range(count):
        share, angle = (i + 0.5) / count, i * _GOLDEN_ANGLE
        radius = _LAMP_RADIUS * np.sqrt(share)
        aside = radius * np.array([np.cos(angle), np.sin(angle), 0.0])
        yield aside, (share - 0.5, i * _GOLDEN_RATIO % 1.0 - 0.5)


def _camera(rail_m: NDArray[np.float64]) -> mujoco.MjvCamera:
    """Behind the instrument on the side of the low notes, near enough for what the rail did."""
    low, high = float(rail_m.min()), float(rail_m.max())
    camera = mujoco.MjvCamera()
    camera.azimuth, camera.elevation = 30.0, -31.0
    camera.distance = 0.66 + 1.1 * (high - low)
    camera.lookat[:] = 0.02, (low + high) / 2 + 0.02, 0.065
    return camera
