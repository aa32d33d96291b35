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

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! new_enough "$python"; then
  [ "$ros" = wheels ] ||
    fail "ROS 2 $ros runs on a Python older than 3.11: use a shell without it, 'make' brings its own"
  for python in python3.14 python3.13 python3.12 python3.11; do ! new_enough $python || break; done
  new_enough $python || fail "Python 3.11 or newer is needed: sudo apt-get install python3 python3-venv"
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "Python's venv module is missing: sudo apt-get install python3-venv"
command -v g++ >/dev/null ||
  fail "a C and C++ compiler is missing: sudo apt-get install build-essential"

# An environment of the other kind (with or without the system's packages) is made anew.
clear=
if [ -e "$venv/pyvenv.cfg" ] && ! grep -q "^include-system-site-packages = $site_packages" "$venv/pyvenv.cfg"; then
  clear=--clear
fi
options=()
[ $site_packages = false ] || options+=(--system-site-packages)
"$python" -m venv $clear "${options[@]}" "$venv"
