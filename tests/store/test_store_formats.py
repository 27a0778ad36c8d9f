"""Old databases are restored for ever, and nothing that is not ours is touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fakes import FakeClock

from ttsd.errors import StoreCorrupt, StoreNewer
from ttsd.model import Priority, State
from ttsd.store import Store, schema

FORMATS = Path(__file__).parent / "formats"


def restored(path: Path, version: int) -> Path:
    """A database file from the dump of *version*."""
    db = sqlite3.connect(path)
    db.executescript((FORMATS / f"version-{version}.sql").read_text("utf-8"))
    db.close()
    return path


def tables(path: Path) -> list[str]:
    """The statements that made the database, white space aside."""
    db = sqlite3.connect(path)
    found = db.execute("select sql from sqlite_master where sql is not null order by name").fetchall()
    db.close()
    return [" ".join(sql.split()) for (sql,) in found if "sqlite_sequence" not in sql]


def test_row_7_a_database_of_version_1_is_restored_with_all_that_is_in_it(tmp_path: Path) -> None:
    path = restored(tmp_path / "ttsd.db", 1)
    store = Store.open(path, clock=FakeClock(1_700_000_010.0))
    assert [one.text for one in store.queued(9)] == ["said directly", "five", "it's “quoted” — café"]
    said = store.queued(1)[0]
    assert (said.voice, said.engine, said.priority, said.key) == (
        "anna",
        "piper",
        Priority.URGENT,
        "greeting",
    )
    assert said.expires_at == 1_700_003_600.0
    assert {(how.text, how.state) for how in store.history(9)} == {
        ("one", State.SPOKEN),
        ("two", State.SKIPPED),
    }
    assert (store.counters().lines, store.counters().queued, store.counts().speaking) == (5, 6, 1)
    read, rotated, shrunk = store.checkpoints()
    assert (read.path, read.identity, read.offset, read.home) == ("/logs/chat.log", "801:2a", 27, None)
    assert read.prefix == b"one\ntwo\nthree\n\xff\xfe caf\xc3\xa9\n"
    assert (rotated.home, rotated.skipping) == ("/logs/chat.log", True)
    assert shrunk.shrunk_at == 1_700_000_000.5
    assert store.met('["/logs/*.log", ["*"], []]')
    assert [one.new for one in store.recover("replay")] == [State.QUEUED]
    assert store.say("new").id == 7
    store.close()


def test_row_7_the_steps_lead_from_every_old_version_to_what_is_made_today(tmp_path: Path) -> None:
    Store.open(tmp_path / "today" / "ttsd.db", clock=FakeClock()).close()
    for version in range(1, schema.VERSION + 1):
        path = restored(tmp_path / f"{version}.db", version)
        Store.open(path, clock=FakeClock()).close()
        assert tables(path) == tables(tmp_path / "today" / "ttsd.db"), f"version {version}"


def test_version_2_knows_when_a_line_was_appended(tmp_path: Path) -> None:
    store = Store.open(restored(tmp_path / "ttsd.db", 2), clock=FakeClock())
    known = {one.text: one.appended_at for one in store.queued(9)}
    assert (known["five"], known["said directly"]) == (1_699_999_999.5, None)
    store.close()


def test_every_version_has_its_dump() -> None:
    """A step that was released is never edited: its dump is there to tell."""
    assert {path.name for path in FORMATS.iterdir()} == {
        f"version-{number}.sql" for number in range(1, schema.VERSION + 1)
    }


def test_a_step_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = restored(tmp_path / "ttsd.db", schema.VERSION)
    before = tables(path)
    broken = (*schema._STEPS, ("create table more (a) strict", "create nonsense"))
    monkeypatch.setattr(schema, "_STEPS", broken)
    monkeypatch.setattr(schema, "VERSION", len(broken))
    with pytest.raises(Exception, match="does not work"):
        Store.open(path, clock=FakeClock())
    monkeypatch.undo()
    assert tables(path) == before
    Store.open(path, clock=FakeClock()).close()


def test_a_newer_database_is_left_alone_and_says_what_to_do(tmp_path: Path) -> None:
    path = restored(tmp_path / "ttsd.db", 1)
    db = sqlite3.connect(path)
    db.execute("pragma user_version = 99")
    db.close()
    with pytest.raises(StoreNewer, match="newer ttsd"):
        Store.open(path, clock=FakeClock())


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_corrupt_database_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ttsd.db"
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="aside"):
        Store.open(path, clock=FakeClock())
    assert path.read_bytes() == content


def test_a_database_that_is_damaged_inside_says_so(tmp_path: Path) -> None:
    path = restored(tmp_path / "ttsd.db", 1)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreCorrupt, match="damaged"):
        Store.open(path, clock=FakeClock())


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ttsd.db"
    db = sqlite3.connect(path)
    db.execute("create table bookmarks (url)")
    db.commit()
    db.close()
    with pytest.raises(StoreCorrupt, match="another program"):
        Store.open(path, clock=FakeClock())
    assert tables(path) == ["CREATE TABLE bookmarks (url)"]
