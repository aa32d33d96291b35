"""Parameters of nodes: a table with types, ranges and descriptions; unknown names are errors."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from piano_nodes.errors import NodeError

Value = bool | int | float | str

# rclpy itself takes these from any node's overrides.
_OF_RCLPY = ("use_sim_time", "start_type_description_service", "qos_overrides.")


@dataclass(frozen=True)
class Setting:
    """One parameter of a node.

    Attributes:
        name: As users write it.
        default: Its type is the parameter's type.
        description: One line, units included.
        low: Smallest number allowed.
        high: Largest number allowed.
        choices: The strings allowed; empty for any.
    """

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(
            name=self.name,
            type=Parameter.Type.from_parameter_value(self.default).value,
            description=self.description,
            additional_constraints=f"one of {', '.join(self.choices)}" if self.choices else "",
            read_only=True,
        )
        if self.low is not None and self.high is not None:
            if isinstance(self.default, int):
                low, high = int(self.low), int(self.high)
                descriptor.integer_range = [IntegerRange(from_value=low, to_value=high)]
            else:
                low_high = FloatingPointRange(from_value=self.low, to_value=self.high)
                descriptor.floating_point_range = [low_high]
        return descriptor


def declare(node: Node, settings: Sequence[Setting]) -> dict[str, Value]:
    """Declare all parameters of a node, read-only, and return their values by name.

    Raises:
        NodeError: when an override has an unknown name, the wrong type or a value out of range.
    """
    names = [setting.name for setting in settings]
    for given in node._parameter_overrides:  # rclpy has no public list of what was given
        if given not in names and not given.startswith(_OF_RCLPY):
            close = difflib.get_close_matches(given, names, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(names)}"
            raise NodeError(f"node '{node.get_name()}' has no parameter '{given}': {hint}")
    return {setting.name: _declare(node, setting) for setting in settings}


def _declare(node: Node, setting: Setting) -> Value:
    where = f"parameter '{setting.name}' of node '{node.get_name()}'"
    try:
        parameter = node.declare_parameter(setting.name, setting.default, setting.descriptor())
    except InvalidParameterTypeException as error:
        kind = type(setting.default).__name__
        raise NodeError(f"{where} must be of type {kind}") from error
    except InvalidParameterValueException as error:
        limits = f"from {setting.low} to {setting.high}"
        raise NodeError(f"{where} must be {limits}") from error
    value: Value = parameter.value
    if setting.choices and value not in setting.choices:
        raise NodeError(f"{where} is '{value}'; it must be one of {', '.join(setting.choices)}")
    return value
