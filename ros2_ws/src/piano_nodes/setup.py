"""Installs the nodes where `ros2 run` and launch files look for them."""

from setuptools import setup

setup(
    name="piano_nodes",
    version="0.1.0",
    packages=["piano_nodes"],
    package_data={"piano_nodes": ["loopback.xml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/piano_nodes"]),
        ("share/piano_nodes", ["package.xml"]),
    ],
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "sim_rig = piano_nodes.executables:sim_rig",
            "hand = piano_nodes.executables:hand",
            "keyboard = piano_nodes.executables:keyboard",
            "emulated_rig = piano_nodes.executables:emulated_rig",
            "player = piano_nodes.executables:player",
            "recorder = piano_nodes.executables:recorder",
            "play_client = piano_nodes.executables:play_client",
        ]
    },
)
