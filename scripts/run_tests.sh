#!/bin/bash
# Runs all tests. Those that play in real time go one at a time; those that only compute get the
# processor time that these leave over (Linux gives it to "idle" processes before they are late), and
# all of it afterwards. Argument: the Python. The computing ones are printed when they are done.
set -euo pipefail
python=$1
told=$(mktemp)
spare=()
command -v chrt >/dev/null && spare=(chrt --idle 0)

OPENBLAS_NUM_THREADS=1 "${spare[@]}" "$python" -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
  tests/calibration tests/learning tests/unit >"$told" 2>&1 &
computing=$!
trap 'kill "$computing" 2>/dev/null || true; rm -f "$told"' EXIT

rc=0
"$python" -m pytest tests/emulated/hardware || rc=$?
"$python" -m pytest --ignore=tests/emulated/hardware tests/emulated tests/launch || rc=$?
echo "calibration, learning and unit tests, so far beside these:"
wait "$computing" || rc=$?
cat "$told"
exit "$rc"
