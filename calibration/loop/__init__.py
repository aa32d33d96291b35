"""The loop: train, play, listen, fit the simulator, and take it from the top."""
