"""Settings of the property tests."""

from hypothesis import settings

# The machine may be busy, and a first example may import a tool: time is no property here.
settings.register_profile("dacapo", deadline=None)
settings.load_profile("dacapo")
