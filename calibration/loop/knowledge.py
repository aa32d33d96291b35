"""What is believed of a rig's physics, and how sure: what policies are trained for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sim import PhysicsParameters, Randomisation, Rig, read_fitted
from sim.parameter_files import Intervals

SUREST = 0.1
"""Share of the default ranges that training keeps around every fitted value: what a simulator
leaves out acts like parameters that are a little off, however narrow their intervals are."""


@dataclass(frozen=True)
class Knowledge:
    """What is believed of a rig's physics.

    Attributes:
        parameters: The likeliest values.
        intervals: 95 % intervals of those that were fitted.
        file: Where they are kept; None for the nominal ones.
        state_delay_s: How old joint states are when they are read [s].
    """

    parameters: PhysicsParameters
    intervals: Intervals
    file: Path | None = None
    state_delay_s: float = 0.0

    @classmethod
    def read(cls, file: Path | None, rig: Rig) -> Knowledge:
        """From a physics parameters file; nominal without one.

        Raises:
            ParameterError: It cannot be read, or is of another rig.
        """
        if file is None:
            return cls(PhysicsParameters.nominal(rig), {})
        fitted = read_fitted(file, rig)
        return cls(fitted.parameters, fitted.intervals, file)

    def randomisation(self) -> Randomisation:
        """What training draws from: the intervals, within the default ranges of ignorance.

        Nothing is drawn from wider than the default, which is where an unidentified parameter
        ends; nothing narrower than `SUREST` of it.
        """
        widest = Randomisation.around(self.parameters)
        narrowest = Randomisation.around(self.parameters, SUREST).ranges
        ranges = {}
        for name, (low, high) in widest.ranges.items():
            least, most = self.intervals.get(name, (low, high))
            inner_low, inner_high = narrowest[name]
            ranges[name] = (min(max(low, least), inner_low), max(min(high, most), inner_high))
        return Randomisation(self.parameters, ranges, widest.logarithmic)
