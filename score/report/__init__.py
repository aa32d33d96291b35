"""The report of a performance: a page that a person can look at and listen to."""

from score.report.page import MAX_VIDEO_BYTES, Picture, report_page
from score.report.pairs import Comparison, Pair, compare_notes
from score.report.stage import Stage

__all__ = [
    "MAX_VIDEO_BYTES",
    "Comparison",
    "Pair",
    "Picture",
    "Stage",
    "compare_notes",
    "report_page",
]
