"""Pictures and videos of a performance. Importing it loads no OpenGL; asking for one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from score import notes_of_events
from score.report.sound import synthesise, wav_bytes
from sim.encoder import find_ffmpeg, write_mp4
from sim.png import png_bytes
from sim.renderer import Renderer
from sim.replay import Replay
from sim.rig import Rig

PICTURE_SIZE = (960, 540)
"""Width and height of pictures [px]."""

VIDEO_SIZE = (640, 360)
"""Width and height of videos [px]."""

_VIDEO_SOFTNESS = 2
_RING_OUT_S = 0.5  # after the end, for the last note


def render_pictures(
    rig: Rig,
    replay: Replay,
    times_s: Sequence[float],
    size: tuple[int, int] = PICTURE_SIZE,
    softness: int = 8,
) -> list[bytes]:
    """PNG files of a performance at some score times.

    Args:
        rig: what played.
        replay: what it played.
        times_s: when [s].
        size: width and height [px].
        softness: how many pictures are averaged into one, for smooth edges and soft shadows.

    Raises:
        RenderingError: this machine cannot draw without a screen.
    """
    with Renderer(rig, replay, size, softness) as renderer:
        return [png_bytes(renderer.frame(time_s)) for time_s in times_s]


def render_video(
    rig: Rig,
    replay: Replay,
    path: Path,
    fps: int = 25,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Write an MP4 of a performance with its sound, the keys lit as they sound.

    Args:
        rig: what played.
        replay: what it played.
        path: the file; written under a temporary name beside it, then renamed.
        fps: pictures a second.
        progress: is told the share that is done, 0 to 1, after each picture.

    Raises:
        RenderingError: this machine cannot draw without a screen, there is no ffmpeg, or the file
            cannot be written.
    """
    find_ffmpeg()  # complain before the first picture, not after the last
    notes = notes_of_events(replay.events, replay.goals.lowest_pitch, replay.duration_s)
    sound = wav_bytes(synthesise(notes, replay.duration_s))
    n_frames = round((replay.duration_s + _RING_OUT_S) * fps)
    with Renderer(rig, replay, VIDEO_SIZE, _VIDEO_SOFTNESS) as renderer:
        frames = _frames(renderer, n_frames, fps, progress)
        write_mp4(frames, VIDEO_SIZE, fps, sound, path)


def _frames(
    renderer: Renderer, count: int, fps: int, progress: Callable[[float], None] | None
) -> Iterator[bytes]:
    for i in range(count):
        yield renderer.frame(i / fps).tobytes()
        if progress is not None:
            progress((i + 1) / count)
