"""The hand on its rail: named joints in SI units over the motor bus, and the file of one device."""
