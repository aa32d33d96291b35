"""Errors of imitation."""

from policies.errors import PolicyError


class DatasetError(PolicyError):
    """A dataset cannot be read, or was recorded on something else."""


class SplitError(PolicyError):
    """A split of songs cannot be used."""
