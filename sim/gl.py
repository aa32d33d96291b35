"""Off-screen OpenGL: a context of whichever library is installed. Imported only to render."""

from __future__ import annotations

import ctypes
import importlib
import os
from typing import Protocol, cast

from sim.errors import RenderingError

_LIBRARIES = {
    "osmesa": ("libOSMesa.so.8", "libOSMesa.so.6"),
    "egl": ("libEGL.so.1",),
}
_MEND = "install it with: sudo apt-get install libosmesa6 (where that is gone: libegl1)"


class Context(Protocol):
    """An OpenGL context as MuJoCo makes it."""

    def make_current(self) -> None:
        """Direct this thread's OpenGL calls to it."""

    def free(self) -> None:
        """Give up its memory."""


def open_context(width: int, height: int) -> Context:
    """Make an off-screen OpenGL context and make it current in this thread.

    OSMesa (software, the same picture everywhere) comes first, then EGL. ``MUJOCO_GL`` set to
    ``osmesa`` or ``egl`` chooses.

    Args:
        width: largest width of a picture [px].
        height: largest height of a picture [px].

    Raises:
        RenderingError: no library is installed or it cannot draw here.
    """
    backend = _backend()
    try:
        module = importlib.import_module(f"mujoco.{backend}")
        context = cast(Context, module.GLContext(width, height))
        context.make_current()
    except Exception as error:  # whatever a driver raises means the same to the caller
        reason = " ".join(str(error).split())
        raise RenderingError(f"cannot draw with {backend} ({reason}); {_MEND}") from error
    return context


def _backend() -> str:
    """One library per process: PyOpenGL cannot change it, and keeps it in PYOPENGL_PLATFORM."""
    for variable in ("PYOPENGL_PLATFORM", "MUJOCO_GL"):
        asked = os.environ.get(variable, "").lower()
        if asked in _LIBRARIES:
            return asked
    for backend, names in _LIBRARIES.items():
        if any(map(_loads, names)):
            return backend
    raise RenderingError(f"no OpenGL that draws without a screen; {_MEND}")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
