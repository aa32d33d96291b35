"""Boxes with round edges for pictures: they catch light as real things do."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull

ROUNDING_M = 0.003
_SPHERE_STEPS = 3

Color = tuple[float, float, float, float]


class Surface(NamedTuple):
    """A closed surface of triangles.

    Attributes:
        vertices: shape ``(n, 3)`` [m].
        normals: unit vectors at the vertices, shape ``(n, 3)``.
        faces: vertices of each triangle, counter-clockwise from outside, shape ``(m, 3)``.
    """

    vertices: NDArray[np.float64]
    normals: NDArray[np.float64]
    faces: NDArray[np.intp]


def rounded_box(half_size: ArrayLike, radius: float) -> Surface:
    """A box with round edges; its flat faces are shaded flat, its edges smooth.

    Args:
        half_size: half lengths in x, y and z, all above ``radius`` [m].
        radius: of the edges [m].
    """
    signs = np.array(list(product((-1.0, 1.0), repeat=3)))[:, None]
    normals = (signs * _sphere_octant()).reshape(-1, 3)
    corners = np.repeat(signs[:, 0] * (np.asarray(half_size) - radius), len(_sphere_octant()), 0)
    vertices = corners + radius * normals
    faces = ConvexHull(vertices).simplices.astype(np.intp)
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    inward = (np.cross(second - first, third - first) * first).sum(axis=1) < 0.0
    faces[inward] = faces[inward][:, ::-1]
    return Surface(vertices, normals, faces)


@cache
def _sphere_octant() -> NDArray[np.float64]:
    """Unit vectors all over the positive octant, its three corners included, shape ``(n, 3)``."""
    steps = _SPHERE_STEPS
    grid = [(i, j, steps - i - j) for i in range(steps + 1) for j in range(steps + 1 - i)]
    points = np.array(grid, dtype=float)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def box_mesh(spec: mujoco.MjSpec, half_size: ArrayLike, rounding_m: float = ROUNDING_M) -> str:
    """Name of the mesh of a rounded box in a model, added when it is not there yet."""
    half = np.round(np.asarray(half_size, dtype=float), 5)
    name = "box_" + "_".join(f"{length:g}" for length in half)
    if spec.mesh(name) is None:
        surface = rounded_box(half, min(rounding_m, 0.45 * half.min()))
        spec.add_mesh(
            name=name,
            uservert=surface.vertices.ravel(),
            usernormal=surface.normals.ravel(),
            userface=surface.faces.ravel(),
        )
    return name


def add_box(
    spec: mujoco.MjSpec, body: mujoco.MjsBody, low: ArrayLike, high: ArrayLike, color: Color
) -> None:
    """Add a rounded box between two corners [m, body frame] that is seen but touches nothing."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=box_mesh(spec, (high - low) / 2),
        pos=(low + high) / 2,
        rgba=color,
        contype=0,
        conaffinity=0,
    )
