"""What is logged under systemd can be found again by its fields, and nothing is lost for want of them."""

from __future__ import annotations

import io
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest
import structlog

from ttsd import journal, log
from ttsd.journal import Journal, entry
from ttsd.logger import Logger
from ttsd.settings import LogSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no journald on Windows")


def fields_of(datagram: bytes) -> dict[str, str]:
    """journald's own reading of an entry."""
    found, rest = {}, datagram
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + size], rest[9 + size :]
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(getattr(socket, "AF_UNIX"), socket.SOCK_DGRAM) as made:  # noqa: B009 - Windows has none
        made.bind(str(tmp_path / "journald"))
        made.settimeout(5)
        yield made


def test_an_entry_has_a_message_for_people_and_fields_for_scripts() -> None:
    event = {"event": "spoken", "level": "info", "id": 3, "source": "chat", "wav-file": "a b.wav"}
    assert fields_of(entry(None, "info", event)) == {
        "MESSAGE": 'spoken id=3 source=chat wav-file="a b.wav"',
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "ttsd",
        "TTSD_EVENT": "spoken",
        "TTSD_ID": "3",
        "TTSD_SOURCE": "chat",
        "TTSD_WAV_FILE": "a b.wav",
    }


def test_several_lines_are_one_entry() -> None:
    fields = fields_of(entry(None, "error", {"event": "died", "level": "error", "exception": "a\nb\nc"}))
    assert fields["MESSAGE"] == "died\na\nb\nc"
    assert fields["PRIORITY"] == "3"
    assert fields["TTSD_EVENT"] == "died"


def test_what_journald_does_not_take_goes_to_stderr_with_its_priority(tmp_path: Path) -> None:
    stderr = io.StringIO()
    nobody = Journal(str(tmp_path / "nobody"), stderr)
    nobody.warning(entry(None, "warning", {"event": "odd", "level": "warning", "why": "two\nlines"}))
    nobody.close()
    nobody.error(entry(None, "error", {"event": "worse", "level": "error", "exception": "trace\nback"}))
    assert stderr.getvalue() == '<4>odd why="two\\nlines"\n<3>worse\n'


def test_an_entry_larger_than_a_datagram_is_told_on_stderr(tmp_path: Path, journald: socket.socket) -> None:
    stderr = io.StringIO()
    made = Journal(str(tmp_path / "journald"), stderr)
    event = {"event": "long", "level": "info", **{f"field{n}": "x" * 100_000 for n in range(9)}}
    made.info(entry(None, "info", event))
    made.close()
    assert stderr.getvalue().startswith("<6>long field0=xxx")


def test_the_whole_daemon_logs_there_when_its_stderr_is_the_journal(
    tmp_path: Path, journald: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SOCKET", str(tmp_path / "journald"))
    stderr = os.fstat(2)
    assert not journal.is_stderr()
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")  # of a parent whose stderr was led elsewhere
    assert not journal.is_stderr()
    monkeypatch.setenv("JOURNAL_STREAM", f"{stderr.st_dev}:{stderr.st_ino}")
    before = structlog.get_config()
    try:
        log.configure(LogSettings())
        Logger("ttsd.test").debug("not heard")
        first = structlog.get_config()["logger_factory"]
        log.configure(LogSettings(level="debug"))  # a reload
        Logger("ttsd.test").debug("heard", source="chat")
        assert structlog.get_config()["logger_factory"] is first
        first.close()
    finally:
        structlog.configure(**before)
    fields = fields_of(journald.recv(65536))
    assert (fields["TTSD_EVENT"], fields["TTSD_SOURCE"], fields["PRIORITY"]) == ("heard", "chat", "7")
