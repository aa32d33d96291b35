"""ROS 2 nodes of Da Capo: thin shells over cores that never import rclpy."""
