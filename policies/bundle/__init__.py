"""Policy bundles: a trained network with all it needs to play, in one file (docs/bundles.md)."""

from policies.bundle.bundle import Bundle, Layer, check_bundle, feature_sizes
from policies.bundle.file import is_bundle, read_bundle, write_bundle
from policies.bundle.runtime import BundlePolicy
from policies.bundle.untrained import untrained_bundle

__all__ = [
    "Bundle",
    "BundlePolicy",
    "Layer",
    "check_bundle",
    "feature_sizes",
    "is_bundle",
    "read_bundle",
    "untrained_bundle",
    "write_bundle",
]
