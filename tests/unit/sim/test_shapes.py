"""Rounded boxes are closed, face outwards and keep their size."""

from __future__ import annotations

import numpy as np
import pytest

from sim.shapes import rounded_box


@pytest.mark.parametrize("half", [(0.02, 0.01, 0.03), (0.075, 0.011, 0.011)])
def test_a_rounded_box_is_a_closed_surface(half: tuple[float, float, float]) -> None:
    vertices, normals, faces = rounded_box(half, 0.003)
    np.testing.assert_allclose(vertices.max(axis=0), half)
    np.testing.assert_allclose(vertices.min(axis=0), np.negative(half))
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = {tuple(edge) for edge in edges.tolist()}
    assert len(pairs) == len(edges)
    assert all((second, first) in pairs for first, second in pairs)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert 0.9 * 8 * np.prod(half) < volume < 8 * np.prod(half)
