"""Edits of the line of a running cohort, as a coordinator saves them: one that is followed, one that waits, one refused."""

from pathlib import Path

from scene_files import PROGRAM
from scenes import Scene
from story import with_change, with_line

# With time between the last day of approving and the orientation, so that `check` finds nothing to mend.
SOUND = with_change(PROGRAM, "2 weeks after opens }", "2 weeks after opens }\n  orient: { opens: 1 week before start }")
LATER = "{ starts: 2027-03-01, ends: 2027-05-28, seats: 6, stages: { recruit: { closes: 2027-02-10 } } }"
THREE_SEATS = "{ starts: 2027-03-01, ends: 2027-05-28, seats: 3 }"
ANOTHER_START = "{ starts: 2027-03-08, ends: 2027-05-28, seats: 6 }"


def file_of(scene: Scene) -> Path:
    """The program's file in a scene's house."""
    return scene.home / "program_configs" / "small-circle.yaml"


def save(scene: Scene, line: str) -> None:
    """HR saves the file with another line for its cohort."""
    file_of(scene).write_text(with_line(SOUND, line), encoding="utf-8")
