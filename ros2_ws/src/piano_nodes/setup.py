"""Installs the nodes where `ros2 run` and launch files look for them."""

from setuptools import setup

setup(
    name="piano_nodes",
    version="0.1.0",
    packages=["piano_nodes"],
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/piano_nodes"]),
        ("share/piano_nodes", ["package.xml"]),
    ],
    zip_safe=True,
    entry_points={
        "console_scripts": [
            "sim_rig = piano_nodes.sim_rig:main",
            "player = piano_nodes.player:main",
            "recorder = piano_nodes.recorder:main",
            "play_client = piano_nodes.play_client:main",
        ]
    },
)
