"""Message definitions as recordings carry them, so that any tool can read the file alone."""

from __future__ import annotations

from collections.abc import Callable

_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_PRIMITIVES = _INTEGERS | {"bool", "byte", "char", "float32", "float64", "string", "wstring"}
_SEPARATOR = "=" * 80


def message_schema(message_type: str, read: Callable[[str], str]) -> str:
    """The definition of a message and of all messages in it, in MCAP's `ros2msg` form.

    Args:
        message_type: For example `sensor_msgs/msg/JointState`.
        read: Returns the text of the `.msg` file of such a type.

    Returns:
        The text of the message, then of every type it uses, each behind a line of `=` and a line
        `MSG: package/Name`. Source: https://mcap.dev/spec/registry#ros2msg
    """
    texts = {message_type: read(message_type)}
    waiting = _types_in(texts[message_type], message_type)
    while waiting:
        used = waiting.pop(0)
        if used not in texts:
            texts[used] = read(used)
            waiting += _types_in(texts[used], used)
    (_, first), *others = texts.items()
    parts = (f"{_SEPARATOR}\nMSG: {name.replace('/msg/', '/')}\n{text}" for name, text in others)
    return "\n".join((first, *parts))


def _types_in(text: str, owner: str) -> list[str]:
    """The message types that the fields of a definition have, in full."""
    package = owner.split("/", maxsplit=1)[0]
    lines = (line.split("#")[0].split() for line in text.splitlines())
    fields = (words[0].split("[")[0].split("<")[0] for words in lines if words)
    return [_full_name(field, package) for field in fields if field not in _PRIMITIVES]


def _full_name(field: str, package: str) -> str:
    """`Header` in std_msgs, `std_msgs/Header` and `std_msgs/msg/Header` are one type."""
    parts = field.split("/")
    return f"{parts[0] if len(parts) > 1 else package}/msg/{parts[-1]}"
