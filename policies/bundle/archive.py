"""Zip files of a few small members; their sizes are checked before memory is taken."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from policies.errors import BundleError

MAX_CONTENT_BYTES = 32_000_000
"""How much all members of an archive may hold, unpacked, unless its reader says otherwise."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same members give the same bytes
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,  # encrypted, or of a format yet to come
    ValueError,
)


def pack(members: Mapping[str, bytes]) -> bytes:
    """A zip file of members by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def unpack(data: bytes, most_bytes: int = MAX_CONTENT_BYTES) -> dict[str, bytes]:
    """All members of a zip file by name.

    Args:
        data: the file.
        most_bytes: how much its members may hold, unpacked.

    Raises:
        BundleError: no zip file, damaged, or beyond the limits.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check(members, most_bytes)
            return {member.filename: _read(archive, member) for member in members}
    except _BROKEN as error:
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise BundleError(f"it is damaged or no zip file ({ascii(reason)[1:-1]})") from error


def _check(members: list[zipfile.ZipInfo], most_bytes: int) -> None:
    if len({member.filename for member in members}) < len(members):
        raise BundleError("it has two members of one name")
    if sum(member.file_size for member in members) > most_bytes:
        raise BundleError(f"it unpacks to more than {most_bytes} bytes")
    if odd := [m.filename for m in members if m.compress_type not in _PACKINGS]:
        raise BundleError(f"its member {odd[0]!r} is packed in an unknown way")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's content: never more than it declares, and checked against its checksum."""
    with archive.open(member) as stream:
        content = stream.read(member.file_size)
        stream.read(1)  # past the end: only there is the checksum looked at
    if len(content) != member.file_size:
        raise BundleError(f"its member {member.filename!r} is cut off")
    return content
