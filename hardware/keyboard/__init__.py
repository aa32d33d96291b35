"""The MIDI keyboard: its bytes, its port, plugging and unplugging, and a MIDI system to run on.

Nothing is imported here: python-rtmidi is optional, and only the modules that use it import it.
"""
