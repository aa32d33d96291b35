"""Launch files as users start them, in a process of their own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What the verb `launch` of `ros2` does with a path, where only the library is installed.
ROS2_LAUNCH = """
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch import LaunchDescription
file, *arguments = sys.argv[1:]
given = [tuple(argument.split(":=")) for argument in arguments]
service = LaunchService(argv=arguments)
included = IncludeLaunchDescription(PythonLaunchDescriptionSource(file), launch_arguments=given)
service.include_launch_description(LaunchDescription([included]))
sys.exit(service.run())
"""


def start(file: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ROS2_LAUNCH, str(file), *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(file: Path, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    launched = start(file, environment, *arguments)
    output, _ = launched.communicate(timeout=90)
    return launched.returncode, output
