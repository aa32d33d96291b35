#!/bin/bash
# Runs all tests. Those that play in real time go one at a time; those that only compute get the
# processor time that these leave over, and all of it afterwards, and are printed when they are done.
# Argument: the Python.
set -euo pipefail
python=$1
told=$(mktemp)
OPENBLAS_NUM_THREADS=1 nice -n 19 "$python" -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
  tests/calibration tests/learning tests/unit >"$told" 2>&1 &
computing=$!

finish() {
  kill "$computing" 2>/dev/null || true
  echo "calibration, learning and unit tests:"
  cat "$told"
  rm -f "$told"
}
trap finish EXIT
trap 'exit 130' INT TERM # the computing ones do not hear Ctrl-C themselves

rc=0
"$python" -m pytest tests/emulated/hardware || rc=$?
"$python" -m pytest --ignore=tests/emulated/hardware tests/emulated tests/launch || rc=$?
wait "$computing" || rc=$?
exit "$rc"
