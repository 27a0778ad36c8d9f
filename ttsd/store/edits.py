"""What people do to the queue by hand: taking utterances out, moving one. Statements alone, no transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.store import rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from ttsd.model import SourceName, State, Utterance, UtteranceId


def matching(
    db: sqlite3.Connection,
    *,
    ids: Collection[UtteranceId] | None,
    source: SourceName | None,
    key: str | None,
    exclude: Collection[UtteranceId],
) -> list[Utterance]:
    """Queued utterances that meet every condition given, in the order in which they would be spoken."""
    conditions, values = ["state = 'queued'"], list[object]()
    for column, wanted in (("source", source), ("key", key)):
        if wanted is not None:
            conditions.append(f"{column} = ?")
            values.append(wanted)
    for verb, some in (("in", ids), ("not in", exclude or None)):
        if some is not None:
            conditions.append(f"id {verb} ({','.join('?' * len(some))})")
            values.extend(some)
    where = " and ".join(conditions)
    found = db.execute(f"select {rows.LIVE} from queue where {where} order by {rows.NEXT}", values)  # noqa: S608 - our own words
    return [rows.utterance(row) for row in found.fetchall()]


def end_all(
    db: sqlite3.Connection, ended: Collection[Utterance], state: State, now: float, reason: str
) -> None:
    """Move queued utterances to the history at once."""
    numbers = [(utterance.id,) for utterance in ended]
    db.executemany(
        "insert into history (id, source, text, state, engine, voice, queued_at, ended_at, seconds, reason, trace)"
        " select id, source, text, ?, null, voice, queued_at, ?, 0.0, ?, '{}' from queue where id = ?",
        [(state.value, now, reason, *number) for number in numbers],
    )
    db.executemany("delete from queue where id = ?", numbers)


def place_of(db: sqlite3.Connection, moved: Utterance, position: int) -> float:
    """The `place` that brings *moved* to *position* (0 is next) among those of its priority."""
    found = db.execute(
        "select coalesce(place, id) from queue where state = 'queued' and priority = ? and id != ?"
        " order by coalesce(place, id) limit 2 offset ?",
        (int(moved.priority), moved.id, max(0, position - 1)),
    ).fetchall()
    places = [float(row[0]) for row in found]
    if not places:
        last = db.execute(
            "select max(coalesce(place, id)) from queue where state = 'queued' and priority = ? and id != ?",
            (int(moved.priority), moved.id),
        ).fetchone()[0]
        return float(moved.id) if last is None else float(last) + 0.5
    if position == 0:
        return places[0] - 0.5
    return places[0] + 0.5 if len(places) == 1 else (places[0] + places[1]) / 2
