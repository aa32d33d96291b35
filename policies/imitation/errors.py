"""Errors of imitation."""

from policies.errors import PolicyError


class SplitError(PolicyError):
    """A split of songs cannot be used."""
