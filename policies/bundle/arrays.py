"""Arrays as bytes: the ``.npy`` format 1.0, of one or two dimensions and four plain dtypes.

NumPy's own reader evaluates the header and takes memory for any shape that it names; this one
matches the header against the only form that NumPy writes and never sees a pickle.
"""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import BundleError

_MAGIC = b"\x93NUMPY\x01\x00"
_START = len(_MAGIC) + 2  # two bytes of header length
_HEADER = re.compile(
    rb"\{'descr': '([^']{3})', 'fortran_order': False, "
    rb"'shape': \((\d{1,9}),(?: (\d{1,9}))?\), \} *\n"
)


def to_npy(array: NDArray[Any], dtype: str) -> bytes:
    """The bytes of a ``.npy`` file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array, dtype), version=(1, 0))
    return stream.getvalue()


def from_npy(name: str, data: bytes, dtype: str) -> NDArray[Any]:
    """The array in the bytes of a ``.npy`` file; it cannot be written to.

    Args:
        name: what to call it in messages.
        data: the file.
        dtype: what it must hold, with its byte order, e.g. ``<f4``.

    Raises:
        BundleError: not such an array.
    """
    length = int.from_bytes(data[len(_MAGIC) : _START], "little")
    header = _HEADER.fullmatch(data[_START : _START + length])
    if not data.startswith(_MAGIC) or header is None:
        raise BundleError(f"{name} is no plain array")
    found = header[1].decode("ascii", "replace")
    if found != dtype:
        raise BundleError(f"{name} is of dtype {found!r}, not {dtype!r}")
    shape = tuple(int(number) for number in header.groups()[1:] if number is not None)
    content = data[_START + length :]
    if not content or len(content) != np.prod(shape, dtype=object) * np.dtype(dtype).itemsize:
        raise BundleError(f"{name} holds {len(content)} bytes, too few or too many for {shape}")
    if dtype == "|b1" and content.strip(b"\0\1"):
        raise BundleError(f"{name} holds something other than true and false")
    return np.frombuffer(content, dtype).reshape(shape)
