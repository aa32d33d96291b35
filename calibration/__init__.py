"""Closing the gap between simulator and reality: see `calibration.recordings`, first of all."""
