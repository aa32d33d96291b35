"""The page: what was fitted, how sure that is, and what it changed; all in one file."""

from __future__ import annotations

import html
from collections.abc import Iterator
from importlib import resources
from string import Template

import numpy as np

from calibration.report.charts import interval_bar
from calibration.report.overlays import overlays
from calibration.residuals import STATE_DELAY
from calibration.residuals.gap import Gap
from calibration.study.case import Case
from calibration.study.intervals import Certainty
from calibration.study.result import Calibration
from score import write_whole
from sim import parameter_table


def write_report(result: Calibration, case: Case, sure: Certainty) -> None:
    """Write the report beside the parameters file, `.html`.

    Args:
        result: What was found.
        case: Recordings and simulator.
        sure: The fit in the unit cube, and its intervals.

    Raises:
        OSError: The folder cannot be written.
    """
    page = report_page(result, case, sure)
    write_whole(result.path.with_suffix(".html"), page.encode())


def report_page(result: Calibration, case: Case, sure: Certainty) -> str:
    """The HTML text; arguments as of `write_report`."""
    before, after, free = result.judged_before, result.judged_after, case.free
    tried = {
        "before": (free.center, free.center_state_delay_s),
        "after": (result.parameters, result.state_delay_s),
    }
    return Template(_asset("page.html")).substitute(
        style=_asset("page.css"),
        rig=html.escape(free.rig.name),
        verdict="accepted" if result.accepted else "rejected",
        verdict_text=_verdict(result),
        facts=_facts(result),
        errors=_errors(before.cost, before.gap, after.cost, after.gap),
        parameters="\n".join(_parameter_rows(result, case, sure)),
        warnings=_warnings(result),
        overlays=overlays(case, tried),
    )


def _asset(name: str) -> str:
    return (resources.files("calibration.report") / name).read_text(encoding="utf-8")


def _verdict(result: Calibration) -> str:
    before, after = result.heldout_before, result.heldout_after
    change = f"held-out error {before:.4g} before, {after:.4g} after"
    if result.accepted:
        return f"Accepted: {change}."
    return f"Rejected, not to be used: {change}."


def _facts(result: Calibration) -> str:
    facts = {
        "trials": str(result.trials),
        "seconds": f"{result.wall_s:.0f}",
        "joint states are read late by": f"{1e3 * result.state_delay_s:.1f} ms",
        "identifiable": f"{len(result.identifiable)} of {len(result.intervals)}",
    }
    return "".join(
        f"<li><span>{name}</span> {html.escape(text)}</li>" for name, text in facts.items()
    )


def _errors(cost_before: float, before: Gap | None, cost_after: float, after: Gap | None) -> str:
    rows = [
        ("cost (half the mean square, in variances of the noise)", cost_before, cost_after, ".4g")
    ]
    if before and after:
        rows += [
            ("onsets, mean absolute error [ms]", before.onset_mae_ms, after.onset_mae_ms, ".1f"),
            ("releases [ms]", before.release_mae_ms, after.release_mae_ms, ".1f"),
            ("onsets recorded", before.onsets, after.onsets, "d"),
            ("missed by the simulator", before.missed, after.missed, "d"),
            ("extra in the simulator", before.extra, after.extra, "d"),
            ("rail, RMS [mm]", 1e3 * before.joint_rmse[0], 1e3 * after.joint_rmse[0], ".3f"),
            ("fingers, RMS [rad]", _rms(before), _rms(after), ".4f"),
        ]
    return "\n".join(
        f"<tr><th>{name}</th><td>{old:{form}}</td><td>{new:{form}}</td></tr>"
        for name, old, new, form in rows
    )


def _rms(gap: Gap) -> float:
    return float(np.sqrt(np.mean(gap.joint_rmse[1:] ** 2)))


def _parameter_rows(result: Calibration, case: Case, sure: Certainty) -> Iterator[str]:
    free, known = case.free, case.free.start
    values = {**free.center.values, STATE_DELAY: free.center_state_delay_s}  # also beyond bounds
    units = {entry.name: entry.unit for entry in parameter_table(free.rig)}
    columns = [free.values(z) for z in (sure.point, sure.low, sure.high)]
    for index, name in enumerate(free.names):
        fit, low, high = (column[index] for column in columns)
        ends = sure.low[index], sure.point[index], sure.high[index]
        bar = interval_bar(ends, known[index])
        yield (
            f"<tr><th>{html.escape(name)}</th><td>{values[name]:.4g}</td><td>{fit:.4g}</td>"
            f"<td>{low:.4g} to {high:.4g}</td><td>{units.get(name, 's')}</td><td>{bar}</td>"
            f"<td>{_remark(result, name)}</td></tr>"
        )


def _remark(result: Calibration, name: str) -> str:
    if name in result.on_bound:
        return "on a bound"
    return "" if name in result.identifiable else "not told"


def _warnings(result: Calibration) -> str:
    lines = []
    if result.on_bound:
        lines.append(f"On a bound, the truth may lie beyond it: {', '.join(result.on_bound)}.")
    if result.beyond:
        names = ", ".join(result.beyond)
        lines.append(f"Known before beyond the bounds of the fit, which began there: {names}.")
    if result.silent:
        lines.append(f"Left out, for no key sounds in them: {', '.join(result.silent)}.")
    return "".join(f'<p class="warning">{html.escape(line)}</p>' for line in lines)
