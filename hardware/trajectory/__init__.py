"""Hands and arms behind trajectory controllers of their own, as ROS 2 has them for most.

Knows no ROS: a node lends the driver its topics.
"""
