"""The report: complete, self-contained, and safe whatever the names and events are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from score import KeyEvent, Note, Score, events_of_score, make_goals
from score.goals import Goals
from score.performance import Performance
from score.report import MAX_VIDEO_BYTES, Picture, Stage, compare_notes, report_page
from score.report.names import signed_ms, song_title
from score.report.tables import key_rows
from score.scoring import score_performance

LOWEST, N_KEYS = 48, 25
VOID = {"meta", "img", "input", "br", "link"}
GOALS = make_goals(
    Score("three_notes", tuple(Note(60 + i, 0.5 * i, 0.5 * i + 0.4) for i in range(3))),
    LOWEST,
    N_KEYS,
)


class Page(HTMLParser):
    """Collects text, attributes and balance of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.counts: dict[str, int] = {}
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def stage(goals: Goals) -> Stage:
    boxes = np.array([[-0.075, 0.0235 * key, 0.075, 0.0235 * key + 0.022] for key in range(N_KEYS)])
    times = np.array([0.05 * step for step in range(goals.n_steps)])
    return Stage(boxes, times, np.full((len(times), 3, 2), 0.03), 0.0085)


def scored(goals: Goals, events: Sequence[KeyEvent]) -> Performance:
    return score_performance(goals, events, rig="leap_rail_49", mode="sim", policy="planner")


def page(events: Sequence[KeyEvent], goals: Goals = GOALS) -> str:
    return report_page(goals, events, scored(goals, events), stage(goals))


def exact() -> list[KeyEvent]:
    return list(events_of_score(GOALS.score, LOWEST))


def flawed() -> list[KeyEvent]:
    """First note 20 ms late, second missed, third exact, one key nobody asked for."""
    first, second, third = GOALS.score.notes
    return [
        KeyEvent(first.start_s + 0.02, first.pitch - LOWEST, True),
        KeyEvent(first.end_s, first.pitch - LOWEST, False),
        KeyEvent(second.start_s, 3, True),
        KeyEvent(second.end_s, 3, False),
        KeyEvent(third.start_s, third.pitch - LOWEST, True),
        KeyEvent(third.end_s, third.pitch - LOWEST, False),
    ]


def test_the_page_refers_to_nothing_outside() -> None:
    text = page(flawed()).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://", text)
    assert "@import" not in text
    for name, value in Page(text).attributes:
        if name in {"src", "href", "data"}:
            assert value.startswith("data:")


def test_the_page_shows_every_note_and_key() -> None:
    parsed = Page(page(flawed()))
    kinds = [value for name, value in parsed.attributes if name == "class"]
    assert kinds.count("due") == 1 + 2  # the legend and two answered notes
    assert kinds.count("due missed") == 1
    assert kinds.count("played hit") == 2
    assert kinds.count("played extra") == 1
    assert kinds.count("stem hit") == 2
    assert kinds.count("cross") == 1
    assert parsed.counts["audio"] == 1
    assert parsed.counts["canvas"] == 1
    assert parsed.counts["tr"] == 1 + 4
    assert "Three Notes" in parsed.text
    assert "C4 at 0.50 s: 20 ms late" in parsed.text


def test_the_animation_has_the_notes_and_the_fingertips() -> None:
    text = page(flawed())
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])  # type: ignore[index]
    assert data["durationMs"] == round(GOALS.duration_s * 1000)
    assert [entry[0] for entry in data["due"]] == [12, 13, 14]
    assert [entry[3] for entry in data["due"]] == [1, 0, 1]
    assert [3, 1000, 1400, 0] in data["played"]
    assert len(data["tips"]) == len(data["tipTimesMs"]) == GOALS.n_steps
    assert data["tips"][0] == [300] * 6
    assert len(data["keys"]) == N_KEYS


def test_pictures_and_video_are_embedded_when_there_are_any() -> None:
    events, performance = exact(), scored(GOALS, exact())
    pictures = [Picture(b"png", "E4 & <G4>")]
    without = Page(report_page(GOALS, events, performance, stage(GOALS)))
    assert "img" not in without.counts
    text = report_page(GOALS, events, performance, stage(GOALS), pictures=pictures, video=b"mp4")
    parsed = Page(text)
    assert (parsed.counts["img"], parsed.counts["video"]) == (1, 1)
    assert ("alt", "E4 & <G4>") in parsed.attributes
    large = report_page(GOALS, events, performance, stage(GOALS), video=bytes(MAX_VIDEO_BYTES + 1))
    assert "video" not in Page(large).counts


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_names_cannot_break_the_page(song: str, rig: str, policy: str) -> None:
    hostile = "</script><script>alert(1)</script>\"'&"
    performance = replace(
        scored(GOALS, exact()),
        song=hostile + song,
        rig=rig + hostile,
        policy=policy,
        versions={hostile: hostile},
    )
    parsed = Page(report_page(GOALS, exact(), performance, stage(GOALS)))
    assert parsed.counts["script"] == 2
    assert "alert(1)" in parsed.text
    assert policy in parsed.text


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            KeyEvent,
            st.floats(0.0, 3.0),
            st.integers(0, N_KEYS - 1),
            st.booleans(),
            st.integers(0, 127),
        ),
        max_size=20,
    )
)
def test_any_performance_gives_a_page_of_finite_numbers(events: list[KeyEvent]) -> None:
    text = page(events)
    Page(text)
    for word in ("NaN", "nan,", '"nan', " nan", "Infinity", '"inf', " inf "):
        assert word not in re.sub(r"base64,[A-Za-z0-9+/=]*", "", text)
    notes = compare_notes(GOALS, events)
    assert len(notes.pairs) == 3
    answered = sum(pair.played is not None for pair in notes.pairs)
    presses = sum(row.hit + row.extra for row in key_rows(notes))
    assert presses == answered + len(notes.extra)


def test_a_performance_of_nothing_has_a_page() -> None:
    parsed = Page(page([]))
    assert "No note was close enough" in parsed.text


def test_repeated_notes_are_paired_one_to_one() -> None:
    goals = make_goals(
        Score("again", tuple(Note(60, 0.2 * i, 0.2 * i + 0.2) for i in range(5))), LOWEST, N_KEYS
    )
    events = [
        event
        for note in goals.score.notes[1:]
        for event in (KeyEvent(note.start_s, 12, True), KeyEvent(note.end_s, 12, False))
    ]
    notes = compare_notes(goals, events)
    assert [pair.error_s for pair in notes.pairs] == [None, 0.0, 0.0, 0.0, 0.0]
    assert notes.extra == ()
    (row,) = key_rows(notes)
    assert (row.due, row.hit, row.extra, row.mean_error_s) == (5, 4, 0, 0.0)


@pytest.mark.parametrize(
    ("name", "title"),
    [("ode_to_joy", "Ode to Joy"), ("a_b", "A B"), ("", ""), ("_", "_"), ("au clair", "Au Clair")],
)
def test_song_titles(name: str, title: str) -> None:
    assert song_title(name) == title


def test_words_for_errors() -> None:
    assert [signed_ms(e) for e in (0.012, -0.003, 0.0004)] == [
        "12 ms late",
        "3 ms early",
        "on time",
    ]
