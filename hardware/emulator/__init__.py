"""The emulated rig: motors behind a serial device, keys behind a MIDI port, a world behind both."""
