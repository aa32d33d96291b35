"""The report of a calibration: a page that a person can look at."""

from calibration.report.page import report_page, write_report

__all__ = ["report_page", "write_report"]
