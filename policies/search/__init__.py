"""Trajectory search: a plan made better by trying changes around its wrong rows, no training."""

from policies.search.save import polished_bundle
from policies.search.search import Polished, polish

__all__ = ["Polished", "polish", "polished_bundle"]
