"""The motor bus: Dynamixel Protocol 2.0 over a serial port. Ticks live here and nowhere else."""
