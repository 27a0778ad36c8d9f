"""The server answers whom it should, is stopped by nobody, and holds its limits. Real sockets."""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
from control_parts import Held, Raw, echo, serving
from waiting import wait_for

from ttsd.commands import Skip
from ttsd.control.connection import Limits
from ttsd.errors import EngineMissing
from ttsd.events import Begin, Paused
from ttsd.model import SourceName, UtteranceId

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.commands import Command
    from ttsd.control.server import Reply


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sock"


def begin(number: int, text: str = "x") -> Begin:
    return Begin(at=1.0, id=UtteranceId(number), source=SourceName("say"), text=text)


def test_it_greets_with_name_and_version(path: Path) -> None:
    with serving(path), Raw(path) as client:
        assert client.hello["method"] == "hello"
        assert client.hello["params"]["name"] == "ttsd"


def test_ids_are_echoed_whatever_the_order_of_the_answers(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon), Raw(path) as client:
        for call_id in (1, "two", 3.5):
            client.ask("ping", call_id)
        wait_for(lambda: len(daemon.asked) == 3, "three commands")
        for _, reply in reversed(daemon.asked):
            reply({})
        assert [client.read()["id"] for _ in range(3)] == [3.5, "two", 1]


def test_an_answer_may_come_from_any_thread_and_only_once(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon), Raw(path) as client:
        client.ask("skip")
        wait_for(lambda: daemon.asked, "the command")
        thread = threading.Thread(target=daemon.asked[0][1], args=({"id": 1},))
        thread.start()
        thread.join()
        daemon.asked[0][1]({"id": 2})
        client.ask("ping", 2)
        wait_for(lambda: len(daemon.asked) == 2, "the second command")
        daemon.asked[1][1]({})
        assert [client.read()["result"], client.read()["result"]] == [{"id": 1}, {}]


def test_a_command_that_is_refused_at_once_is_answered(path: Path) -> None:
    def submit(command: Command, reply: Reply) -> None:
        raise EngineMissing("no")

    with serving(path, submit), Raw(path) as client:
        client.ask("skip")
        assert client.read()["error"]["data"]["code"] == "engine-missing"


def test_half_lines_wait_for_their_other_half(path: Path) -> None:
    with serving(path), Raw(path) as client:
        request = b'{"jsonrpc":"2.0","id":1,"method":"say","params":{"text":"\xc4\x8dau"}}\n'
        for at in range(len(request)):
            client.send(request[at : at + 1])
        assert client.read()["result"]["params"]["text"] == "čau"


def test_many_lines_at_once_are_all_answered_in_order(path: Path) -> None:
    with serving(path), Raw(path) as client:
        client.send(b"".join(b'{"id":%d,"method":"ping"}\n' % number for number in range(1000)))
        assert [client.read()["id"] for _ in range(1000)] == list(range(1000))


def test_a_plain_command_is_answered_after_the_client_has_said_all(path: Path) -> None:
    with serving(path), Raw(path) as client:
        client.send(b"skip\n")
        client.sock.shutdown(1)
        assert client.line().startswith(b'ok {"command":"Skip"')
        assert client.line() == b""


def test_a_line_cut_before_its_newline_is_never_executed(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon), Raw(path) as client:
        client.send(b"say hel")
        client.sock.shutdown(1)
        assert client.line().startswith(b"error usage: the line has no end")
        assert client.line() == b""
    assert not daemon.asked


def test_a_notification_is_executed_and_not_answered(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon), Raw(path) as client:
        client.send(b'{"jsonrpc":"2.0","method":"skip"}\n{"jsonrpc":"2.0","method":"nonsense"}\n')
        client.ask("ping", 5)
        wait_for(lambda: len(daemon.asked) == 2, "both commands")
        for _, reply in daemon.asked:
            reply({})
        assert client.read()["id"] == 5
    assert daemon.asked[0][0] == Skip()


def test_binary_garbage_gets_errors_and_harms_nobody(path: Path) -> None:
    with serving(path), Raw(path) as other, Raw(path) as client:
        client.send(bytes(range(256)) * 40 + b"\n")
        assert b"error" in client.line()
        other.ask("ping")
        assert other.read()["result"]["command"] == "Ping"


def test_a_huge_line_is_refused_with_a_last_word(path: Path) -> None:
    limits = Limits(line=10_000)
    with serving(path, limits=limits), Raw(path) as client:
        client.send(b'{"method":"say","params":{"text":"' + b"a" * 500_000)
        assert client.read()["params"]["code"] == "line-too-long"
        assert client.line() == b""
    with serving(path, limits=limits), Raw(path) as client:  # just within the limit it passes
        client.ask("say", text="a" * 9_900)
        assert client.read()["id"] == 1


def test_more_clients_than_allowed_are_told_and_the_others_go_on(path: Path) -> None:
    with serving(path, limits=Limits(clients=3)):
        clients = [Raw(path) for _ in range(3)]
        with Raw(path) as surplus:
            assert surplus.hello["params"]["code"] == "too-many-clients"
            assert surplus.line() == b""
        for client in clients:
            client.ask("ping")
            assert client.read()["id"] == 1
        clients.pop().close()

        def let_in() -> bool:
            with Raw(path) as client:
                return bool(client.hello["method"] == "hello")

        wait_for(let_in, "a place to be free")
        for client in clients:
            client.close()


def test_many_clients_at_once_each_get_their_own_answers(path: Path) -> None:
    results: dict[int, list[object]] = {}

    def run(number: int) -> None:
        with Raw(path) as client:
            for index in range(20):
                client.ask("say", f"{number}/{index}", text=str(number))
            results[number] = [client.read()["id"] for _ in range(20)]

    with serving(path):
        threads = [threading.Thread(target=run, args=(number,)) for number in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == {number: [f"{number}/{index}" for index in range(20)] for number in range(32)}


def test_reading_pauses_while_too_many_requests_wait(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon, limits=Limits(in_flight=4)), Raw(path) as client, Raw(path) as other:
        client.send(b"ping\n" * 50)
        wait_for(lambda: len(daemon.asked) == 4, "as many as are allowed")
        other.ask("ping", "other")
        wait_for(lambda: len(daemon.asked) == 5, "the other client's command")
        for number in range(51):
            wait_for(partial(daemon.has, number + 1), "the next command")
            daemon.asked[number][1]({})
        assert [client.line() for _ in range(50)] == [b"ok {}\n"] * 50


def test_a_client_that_never_reads_does_not_fill_the_memory(path: Path) -> None:
    asked = 0

    def submit(command: Command, reply: Reply) -> None:
        nonlocal asked
        asked += 1
        reply("x" * 10_000)

    with serving(path, submit, limits=Limits(output=100_000)), Raw(path) as client, Raw(path) as other:
        client.send(b"ping\n" * 10_000)
        other.ask("ping")
        assert other.read()["id"] == 1  # the loop has seen the first client's flood before
        assert asked < 500


def test_subscribers_get_what_they_asked_for(path: Path) -> None:
    with serving(path) as server, Raw(path) as all_of_it, Raw(path) as pauses, Raw(path) as nothing:
        all_of_it.ask("subscribe")
        assert "word" in all_of_it.read()["result"]["events"]
        pauses.ask("subscribe", events=["paused"])
        assert pauses.read()["result"]["events"] == ["paused"]
        server.publish(begin(1))
        server.publish(Paused(at=2.0))
        assert [all_of_it.read()["method"] for _ in range(2)] == ["begin", "paused"]
        assert pauses.read() == {"jsonrpc": "2.0", "method": "paused", "params": {"at": 2.0}}
        nothing.ask("ping")
        assert nothing.read()["id"] == 1


def test_an_unknown_event_is_refused_with_a_hint(path: Path) -> None:
    with serving(path), Raw(path) as client:
        client.ask("subscribe", events=["begn"])
        assert 'did you mean "begin"' in client.read()["error"]["message"]


def test_a_slow_subscriber_is_dropped_with_a_last_word_and_the_others_miss_nothing(path: Path) -> None:
    count, text = 400, "x" * 10_000
    with (
        serving(path, limits=Limits(output=200_000, events=10_000)) as server,
        Raw(path) as slow,
        Raw(path) as quick,
    ):
        for client in (slow, quick):
            client.ask("subscribe")
            client.read()
        for number in range(count):
            server.publish(begin(number, text))
            assert quick.read()["params"]["id"] == number
        seen = []
        while line := slow.line():
            message = json.loads(line)  # every line is whole
            seen.append(message.get("params", {}))
        assert seen[-1]["code"] == "too-slow"
        assert [event["id"] for event in seen[:-1]] == list(range(len(seen) - 1))
        assert len(seen) < count


def test_events_that_overrun_the_loop_drop_subscribers_rather_than_vanish(path: Path) -> None:
    from ttsd.control.server import Server
    from ttsd.control.transport import UnixTransport

    server = Server(UnixTransport(path), echo, limits=Limits(events=10))
    server.open()
    try:
        with Raw(path, greeted=False) as client:
            client.ask("subscribe")
            for _ in range(5):
                server.step(0.1)
            for number in range(11):
                server.publish(begin(number))
            for _ in range(5):
                server.step(0.1)
            assert client.read()["method"] == "hello"
            assert client.read()["id"] == 1
            assert client.read()["params"]["code"] == "too-slow"
    finally:
        server.close()


def test_a_client_that_vanishes_with_requests_in_flight_is_forgotten(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon):
        with Raw(path) as client:
            client.ask("say", text="a", wait=True)
            wait_for(lambda: daemon.asked, "the command")
        daemon.asked[0][1]({})
        with Raw(path) as another:
            another.ask("ping")
            wait_for(lambda: len(daemon.asked) == 2, "the next client's command")
            daemon.asked[1][1]({})
            assert another.read()["id"] == 1


def test_everybody_hears_that_it_ends_and_late_answers_are_harmless(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon) as server, Raw(path) as client:
        client.ask("say", text="a", wait=True)
        wait_for(lambda: daemon.asked, "the command")
        server.stop()
        assert client.read()["params"]["code"] == "closing"
        assert client.line() == b""
        daemon.asked[0][1]({})
        server.publish(begin(1))
        server.stop()
    assert not path.exists()


def test_an_answer_given_just_before_the_end_still_goes_out(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon) as server, Raw(path) as client:
        client.ask("shutdown")
        wait_for(lambda: daemon.asked, "the command")
        daemon.asked[0][1]({"bye": True})
        server.stop()
        assert client.read()["result"] == {"bye": True}


def test_a_fault_of_ours_that_ends_the_thread_is_reported(path: Path) -> None:
    from ttsd.control.server import Server
    from ttsd.control.transport import UnixTransport

    def submit(command: Command, reply: Reply) -> None:
        raise ZeroDivisionError

    died: list[tuple[str, BaseException]] = []
    server = Server(UnixTransport(path), submit, died=lambda name, error: died.append((name, error)))
    server.start()
    try:
        with Raw(path) as client:
            client.ask("ping")
            wait_for(lambda: died, "the report")
    finally:
        server.stop()
    assert died[0][0] == "control"
    assert isinstance(died[0][1], ZeroDivisionError)
