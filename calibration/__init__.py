"""Closing the gap between simulator and reality, a package for each step.

`recordings`: what was played; `excitation`: motions that show a rig's physics; `residuals`: how far
the simulator is from a recording; `study`: fitting it; `report`: what came of it; `loop`: all of
it round by round. Import from them: some need packages that playing does not.
"""

__all__: list[str] = []
