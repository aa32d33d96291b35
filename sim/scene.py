"""The rig dressed for a picture: round edges, colours, case, rail and a studio's light."""

from __future__ import annotations

import mujoco
import numpy as np

from sim.model import RigModel, build_spec, index_model, tip_name
from sim.props import TABLE_M, add_case, add_rail
from sim.rig import Rig
from sim.shapes import ROUNDING_M, Color, box_mesh

WHITE_KEY: Color = (0.96, 0.95, 0.92, 1.0)
BLACK_KEY: Color = (0.07, 0.07, 0.08, 1.0)

_PALM: Color = (0.24, 0.27, 0.33, 1.0)
_LINK: Color = (0.80, 0.81, 0.83, 1.0)
_TIP: Color = (0.98, 0.47, 0.16, 1.0)
_FLOOR: Color = (0.83, 0.82, 0.80, 1.0)
_BACKDROP = (0.93, 0.92, 0.90)
_LENS_DEG = 26.0  # vertical angle of view: a long lens, as for products
_KEY_ROUNDING_M = 0.0012
_NO_CONTACT = {"contype": 0, "conaffinity": 0}


def build_scene(rig: Rig, width: int, height: int) -> RigModel:
    """Compile a rig for pictures; only its kinematics mean anything.

    Args:
        rig: what to show.
        width: largest width of a picture [px].
        height: largest height of a picture [px].
    """
    spec = build_spec(rig, visuals=True)
    _bare_the_tips(spec, rig)
    _paint(spec, rig)
    _round_edges(spec)
    add_case(spec, rig)
    add_rail(spec, rig)
    _add_studio(spec)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = width, height
    return index_model(spec.compile(), rig)


def _bare_the_tips(spec: mujoco.MjSpec, rig: Rig) -> None:
    """Take away the shapes that the printed tips replace."""
    for finger in rig.hand.fingers:
        tip = spec.geom(tip_name(finger))
        reach = tip.size[0] + tip.size[1]
        for geom in list(tip.parent.geoms):
            if not geom.name and np.linalg.norm(geom.pos - tip.pos) < reach:
                spec.delete(geom)


def _paint(spec: mujoco.MjSpec, rig: Rig) -> None:
    palm = rig.hand_data.bodies[0]["name"]
    for geom in spec.geoms:
        if geom.name.startswith("key_"):
            key = int(geom.name.removeprefix("key_"))
            geom.rgba = BLACK_KEY if rig.keyboard.black[key] else WHITE_KEY
        elif not geom.name:
            geom.rgba = _PALM if geom.parent.name == palm else _LINK
        else:
            geom.rgba = _TIP


def _round_edges(spec: mujoco.MjSpec) -> None:
    for geom in spec.geoms:
        if geom.type == mujoco.mjtGeom.mjGEOM_BOX:
            rounding_m = _KEY_ROUNDING_M if geom.name.startswith("key_") else ROUNDING_M
            geom.meshname = box_mesh(spec, geom.size, rounding_m)
            geom.type = mujoco.mjtGeom.mjGEOM_MESH


def _add_studio(spec: mujoco.MjSpec) -> None:
    """A floor that fades into a plain backdrop, one light with shadows, a fill without."""
    world, directional = spec.worldbody, mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    spec.add_texture(
        name="backdrop",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=_BACKDROP,
        rgb2=_BACKDROP,
        width=8,
        height=8,
    )
    world.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[8, 8, 0.1],
        pos=[0, 0, TABLE_M],
        rgba=_FLOOR,
        **_NO_CONTACT,
    )
    world.add_light(
        type=directional,
        pos=[-0.5, -0.45, 1.25],
        dir=[0.5, 0.45, -1.25],
        castshadow=True,
        diffuse=[0.55] * 3,
        specular=[0.12] * 3,
    )
    world.add_light(
        type=directional,
        pos=[1, 1, 1],
        dir=[-1, -1, -1],
        castshadow=False,
        diffuse=[0.14] * 3,
        specular=[0.0] * 3,
    )
    _set_visuals(spec)


def _set_visuals(spec: mujoco.MjSpec) -> None:
    visual = spec.visual
    visual.headlight.ambient, visual.headlight.diffuse = [0.36] * 3, [0.10] * 3
    visual.headlight.specular = [0.05] * 3
    visual.rgba.fog = [*_BACKDROP, 1.0]
    visual.map.fogstart, visual.map.fogend = 2.2, 5.0
    visual.global_.fovy = _LENS_DEG
    visual.map.znear, visual.map.shadowclip = 0.05, 1.6
    # The renderer smooths edges itself, by averaging: cheaper in software than multisampling.
    visual.quality.shadowsize, visual.quality.offsamples = 1024, 0
    spec.stat.extent, spec.stat.center = 0.5, [0.0, 0.0, 0.05]
