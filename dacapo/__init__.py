"""The command line: parsing, progress and printing over the packages below; no logic of its own."""

__all__: list[str] = []
