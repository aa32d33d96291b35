"""Errors of policies, all under one base."""

from score.errors import DaCapoError


class PolicyError(DaCapoError):
    """A policy cannot be made, loaded or used here."""


class UnreachableError(PolicyError):
    """A rig cannot play some notes of a song, whatever the fingering."""


class BundleError(PolicyError):
    """A policy bundle cannot be read, or was made for something else."""


class DatasetError(PolicyError):
    """A dataset cannot be made, continued or read."""


class UnplayableError(DatasetError):
    """A chunk of a dataset cannot be played; others may well be."""
