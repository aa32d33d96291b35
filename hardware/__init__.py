"""The real side: motors over serial, keys over MIDI, safety, and an emulated rig that speaks both.

Nothing is imported here: pyserial, dynamixel-sdk and python-rtmidi are optional, and only the
modules that use them import them.
"""
