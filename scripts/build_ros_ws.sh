#!/bin/bash
# Builds ros2_ws and installs it into the virtual environment, beside the packages it uses: then
# .venv/bin/python finds the messages and nodes and nothing has to be sourced. With a ROS 2
# installation sourced, the workspace is an overlay of that one; for `ros2 run` and `ros2 launch`
# then source .venv/local_setup.bash. Does nothing when nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/.venv
python=$venv/bin/python

fail() {
  echo "error: $1" >&2
  exit 1
}

[ -x "$python" ] || fail "no virtual environment in .venv: run make setup"
"$python" -c 'import colcon_core' 2>/dev/null ||
  fail "colcon is missing: run $python -m pip install -e '.[colcon]'"
"$python" -c 'import rclpy' 2>/dev/null ||
  fail "rclpy is missing: source a ROS 2 installation, or run $python -m pip install -e '.[ros]'"

# The message generators of the wheels live in the environment's own prefix.
export AMENT_PREFIX_PATH=${AMENT_PREFIX_PATH:-$venv}
export CMAKE_PREFIX_PATH=${CMAKE_PREFIX_PATH:-$venv}
export PATH=$venv/bin:$PATH

site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
stamp=$venv/share/piano_nodes/built_from
surroundings="$("$python" -c 'import sys; print(sys.version)' | tr '\n' ' ') $venv $AMENT_PREFIX_PATH"
sources=$(find ros2_ws/src -type f -not -path '*/__pycache__/*' -print0 | sort -z |
  xargs -0 sha256sum | sha256sum)
wanted=$(printf '%s\n%s' "$surroundings" "$sources")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

# CMake remembers the interpreter and the prefixes it was configured with.
if [ ! -f "$stamp" ] || [ "$(head -n 1 "$stamp")" != "$surroundings" ]; then rm -rf ros2_ws/build; fi
# An install adds files and never removes any: modules that were deleted must not live on.
rm -rf "$site/piano_nodes" "$site/piano_msgs" "$stamp"

mkdir -p ros2_ws/log
log=ros2_ws/log/build.txt
"$python" -m colcon --log-base ros2_ws/log build --base-paths ros2_ws/src \
  --build-base ros2_ws/build --merge-install --install-base "$venv" --executor sequential \
  --event-handlers console_direct+ \
  --cmake-args "-DPython3_EXECUTABLE=$python" -DBUILD_TESTING=OFF >"$log" 2>&1 || {
  tail -n 40 "$log" >&2
  fail "the ROS 2 workspace did not build; the whole output is in $log"
}
printf '%s' "$wanted" >"$stamp"
