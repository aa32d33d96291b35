"""Errors of the nodes, under the project's one base."""

from score import DaCapoError


class NodeError(DaCapoError):
    """A node cannot start or go on; the message says why and what to do, in one line."""
