"""A power cut while a recording is listened to: the next process goes on after the last part that was done."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALL = "\n\n".join(f"客户: 第{part}段" for part in range(3))


def started(home: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.recordings.process_that_listens", str(home), *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def lines_until(process: subprocess.Popen[str], last: str) -> list[str]:
    """What it says up to this line, without its log."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        if line.startswith(("begun", "done")):
            said.append(line.strip())
            if line.startswith(last):
                return said
    raise AssertionError(f"it ended without saying {last}: {said}")


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "parley.sqlite")) as database:
        return database.execute(query).fetchall()


def test_listening_goes_on_after_the_last_part_that_was_done(tmp_path: Path, sample_home: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(sample_home, home / "parley.sqlite")
    recording = tmp_path / "call.m4a"
    recording.write_text(CALL, encoding="utf-8")
    first = started(home, str(recording))
    assert lines_until(first, "begun 10") == ["begun 0", "begun 10"]
    first.kill()
    first.communicate()
    assert rows(home, "select number from recording_part") == [(0,)]
    assert len(list((home / "recordings" / "open").iterdir())) == 1  # what the cut left behind
    with closing(sqlite3.connect(home / "parley.sqlite")) as database, database:
        database.execute("update listening set lease_until = '2026-01-01 00:00:00.000000'")  # its lease is over
    second = started(home)
    assert lines_until(second, "done") == ["begun 10", "begun 20", "done"]
    second.communicate()
    assert second.returncode == 0
    assert rows(home, "select number from recording_part order by number") == [(0,), (1,), (2,)]
    assert rows(home, "select state from recording") == [("done",)]
    assert list((home / "recordings" / "open").iterdir()) == []
    told = rows(home, "select count(*) from send where key like 'ended:%'")
    assert told == [(1,)]
