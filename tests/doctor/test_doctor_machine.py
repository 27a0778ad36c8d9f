"""The doctor looks at the machine: what watches files, and the clock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ttsd.doctor import machine
from ttsd.settings import Settings, SourceSettings


def fake_proc(root: Path, *, instances: int, watches: int, used: int) -> Path:
    limits = root / "sys/fs/inotify"
    limits.mkdir(parents=True)
    (limits / "max_user_instances").write_text(f"{instances}\n")
    (limits / "max_user_watches").write_text(f"{watches}\n")
    for folder in ("fd", "fdinfo"):
        (root / "7" / folder).mkdir(parents=True)
    (root / "7/fd/3").symlink_to("anon_inode:inotify")
    (root / "7/fd/4").symlink_to("socket:[1]")
    (root / "7/fdinfo/3").write_text("pos:\t0\n" + "inotify wd:1 ino:1\n" * used)
    (root / "8").mkdir()  # somebody else's: nothing can be seen
    (root / "self").symlink_to("7")
    return root


@pytest.mark.parametrize(
    ("instances", "watches", "expected"),
    [(128, 8192, ("ok", "ok")), (1, 8192, ("warn", "ok")), (128, 50, ("ok", "warn"))],
)
def test_inotify_limits_nearly_reached_are_told(
    tmp_path: Path, instances: int, watches: int, expected: tuple[str, str]
) -> None:
    proc = fake_proc(tmp_path, instances=instances, watches=watches, used=48)
    first, second = machine.inotify_limits(proc)
    assert (first.state, second.state) == expected
    assert second.found.startswith(f"48 of {watches}")
    for check in (first, second):
        assert (check.next_step is None) == (check.state == "ok")
    assert not list(machine.inotify_limits(tmp_path / "nothing"))


def test_a_clock_that_stands_before_our_files_is_told(tmp_path: Path) -> None:
    now = Path(machine.__file__).stat().st_mtime
    (tmp_path / "queue.db").write_text("")
    os.utime(tmp_path / "queue.db", (now, now + 86_400))
    assert next(iter(machine.clock(now, tmp_path))).state == "warn"
    assert next(iter(machine.clock(now + 86_400, tmp_path))).state == "ok"
    assert next(iter(machine.clock(now, tmp_path / "nothing"))).state == "ok"


def test_the_file_system_that_a_path_lies_on_is_known(tmp_path: Path) -> None:
    mounts = tmp_path / "self" / "mounts"
    mounts.parent.mkdir()
    mounts.write_text(
        "/dev/a / ext4 rw 0 0\nnas:/x /mnt/my\\040nas nfs4 rw 0 0\n/dev/b /mnt ext4 rw 0 0\nodd\n"
    )
    assert machine.file_system("/mnt/my nas/chat.log", tmp_path) == "nfs4"
    assert machine.file_system("/mnt/my nasty.log", tmp_path) == "ext4"
    assert machine.file_system("/home/chat.log", tmp_path) == "ext4"
    assert machine.file_system("/home/chat.log", tmp_path / "nothing") is None
    settings = Settings(sources=(SourceSettings(path="/mnt/my nas/chat.log", name="chat"),))
    (told,) = machine.watching(settings, tmp_path)
    assert "nfs4" in told.found
