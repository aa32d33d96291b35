#!/bin/bash
# Makes the virtual environment, or says what is missing.
# Usage: make_venv.sh PYTHON VENV wheels|ROS_DISTRO
set -eu
python=$1 venv=$2 ros=$3
site_packages=false
[ "$ros" = wheels ] || site_packages=true # the installed rclpy lives in the system's packages

fail() {
  echo "error: $1" >&2
  exit 1
}

# Not every `python3` is new enough: take the first that is.
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  [ "$ros" = wheels ] || fail "the Python of ROS 2 $ros is older than 3.11: open a shell without ROS, 'make' brings its own"
  python=$(command -v python3.13 python3.12 python3.11 | head -n 1) ||
    fail "Python 3.11 or newer is needed: apt-get install python3 python3-venv"
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "Python's venv module is missing: apt-get install python3-venv"
command -v g++ >/dev/null ||

# An environment of the other kind (with or without the system's packages) is made anew.
clear=
if [ -e "$venv/pyvenv.cfg" ] && ! grep -q "^include-system-site-packages = $site_packages" "$venv/pyvenv.cfg"; then
  clear=--clear
fi
options=()
[ $site_packages = false ] || options+=(--system-site-packages)
"$python" -m venv $clear "${options[@]}" "$venv"
