"""Fitting physics parameters to recordings: the study of trials, least squares, intervals."""

import importlib.util

from calibration.errors import CalibrationError

for _package in ("optuna", "cmaes"):
    if importlib.util.find_spec(_package) is None:
        raise CalibrationError(
            f"calibration needs {_package}: run .venv/bin/python -m pip install -e '.[calibrate]'"
        )
