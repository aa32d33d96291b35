"""The report: one self-contained HTML page about one performance."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template

from score.events import KeyEvent, notes_of_events
from score.goals import Goals
from score.performance import Performance
from score.report.charts import Scale, piano_roll, timing_chart
from score.report.names import song_title
from score.report.pairs import compare_notes
from score.report.sound import synthesise, wav_bytes
from score.report.stage import Stage, stage_data
from score.report.tables import cards, chips, key_table

MAX_VIDEO_BYTES = 8_000_000
"""A larger video stays beside the page; browsers open larger pages slowly."""


@dataclass(frozen=True)
class Picture:
    """A picture for the report.

    Attributes:
        png: the file's content.
        caption: what it shows.
    """

    png: bytes
    caption: str


def report_page(
    goals: Goals,
    events: Sequence[KeyEvent],
    performance: Performance,
    stage: Stage,
    *,
    pictures: Sequence[Picture] = (),
    video: bytes | None = None,
) -> str:
    """Make the page: player, scores, piano roll, timing, keys, pictures and video.

    It refers to nothing outside itself, and forbids the browser to load anything else.

    Args:
        goals: what was due.
        events: what the keyboard reported, in any order.
        performance: the scores of these events.
        stage: keys and fingertips for the animation.
        pictures: shown under the charts.
        video: content of an MP4 file; left out when above ``MAX_VIDEO_BYTES``.

    Returns:
        The HTML text.
    """
    notes = compare_notes(goals, events)
    scale = Scale.fitting(goals.duration_s)
    roll, timing = piano_roll(notes, scale), timing_chart(notes, scale)
    played = notes_of_events(events, goals.lowest_pitch, goals.duration_s)
    sound = wav_bytes(synthesise(played, goals.duration_s))
    return Template(_asset("page.html")).substitute(
        title=html.escape(song_title(performance.song)),
        style=_asset("page.css"),
        script=_asset("page.js"),
        chips=chips(performance),
        cards=cards(performance, notes),
        roll_labels=roll.labels,
        roll=roll.drawing,
        timing_labels=timing.labels,
        timing=timing.drawing,
        keys=key_table(notes),
        sound=_data_url("audio/wav", sound),
        stage=stage_data(stage, goals, notes),
        per_second=f"{scale.per_second:.3f}",
        media=_media(pictures, video),
        versions=_versions(performance),
    )


def _asset(name: str) -> str:
    return (resources.files("score.report") / name).read_text(encoding="utf-8")


def _data_url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _media(pictures: Sequence[Picture], video: bytes | None) -> str:
    parts = [
        f'<figure><img src="{_data_url("image/png", picture.png)}" '
        f'alt="{html.escape(picture.caption)}">'
        f"<figcaption>{html.escape(picture.caption)}</figcaption></figure>"
        for picture in pictures
    ]
    if video is not None and len(video) <= MAX_VIDEO_BYTES:
        source = _data_url("video/mp4", video)
        parts.insert(0, f'<figure class="wide"><video controls src="{source}"></video></figure>')
    if not parts:
        return ""
    return f'<section><h2>The hand</h2><div class="media">{"".join(parts)}</div></section>'


def _versions(performance: Performance) -> str:
    pairs = (f"{name} {version}" for name, version in performance.versions.items())
    return html.escape(" · ".join(pairs))
