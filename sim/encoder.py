"""MP4 files from pictures and sound, by ffmpeg."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sim.errors import RenderingError


def find_ffmpeg() -> str:
    """The program: the one installed here, else the one that comes with imageio-ffmpeg.

    Raises:
        RenderingError: there is neither.
    """
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        import imageio_ffmpeg  # noqa: PLC0415  # an extra: only videos need it

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        mend = "pip install 'dacapo[video]', or sudo apt-get install ffmpeg"
        raise RenderingError(f"no ffmpeg to make a video with; install it: {mend}") from error


def write_mp4(
    frames: Iterable[bytes], size: tuple[int, int], fps: int, sound: bytes, path: Path
) -> None:
    """Encode a video (H.264, AAC) that browsers play.

    Args:
        frames: pictures as rows of red, green and blue bytes, drawn as they are needed.
        size: width and height, both even [px].
        fps: pictures a second.
        sound: content of a WAV file, at least as long as the pictures.
        path: the file; written under a temporary name beside it, then renamed.

    Raises:
        RenderingError: there is no ffmpeg, it failed, or the file cannot be written.
    """
    program = find_ffmpeg()
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp.mp4")
    try:
        with tempfile.TemporaryDirectory() as folder:
            track = Path(folder) / "sound.wav"
            track.write_bytes(sound)
            _run([program, *_arguments(size, fps, track, temporary)], frames)
        os.replace(temporary, path)
    except OSError as error:
        raise RenderingError(f"cannot write {path}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _arguments(size: tuple[int, int], fps: int, track: Path, path: Path) -> list[str]:
    pictures = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(fps)]
    video = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
    audio = ["-c:a", "aac", "-b:a", "96k", "-shortest", "-movflags", "+faststart"]
    quiet = ["-hide_banner", "-loglevel", "error", "-y"]
    return [*quiet, *pictures, "-i", "-", "-i", str(track), *video, *audio, str(path)]


def _run(command: list[str], frames: Iterable[bytes]) -> None:
    """Feed pictures to ffmpeg until it is done; what it complains about goes into the error."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints)  # noqa: S603
        assert process.stdin is not None  # noqa: S101  # it was asked for
        try:
            for frame in frames:
                process.stdin.write(frame)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it stopped by itself: its exit status and complaints say why
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()
        if process.returncode != 0:
            complaints.seek(0)
            reason = " ".join(complaints.read().decode(errors="replace").split())
            raise RenderingError(f"ffmpeg failed ({reason}); is the disk full?")
