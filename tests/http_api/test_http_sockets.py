"""WebSockets: text in and sound out, and the control socket's events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from daemon_process import REAL_TIME
from http_daemon import PATIENCE, TOKEN, told
from waiting import wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus

if TYPE_CHECKING:
    from http_daemon import HttpDaemon, MakeHttp
    from websockets.sync.client import ClientConnection


def spoken(socket: ClientConnection) -> tuple[list[dict[str, Any]], bytes]:
    """Everything up to the end of one text: what was told, and the sound."""
    words, sound = [], b""
    while True:
        message = socket.recv(PATIENCE)
        if isinstance(message, bytes):
            sound += message
            continue
        words.append(json.loads(message))
        if words[-1]["type"] in ("end", "error", "cancelled"):
            return words, sound


def test_text_goes_in_and_sound_and_words_come_out(shared: HttpDaemon) -> None:
    with shared.websocket("/ws/tts") as socket:
        socket.send("Hello there.")
        words, sound = spoken(socket)
        assert words[0] == {
            "type": "start",
            "id": "1",
            "format": "pcm",
            "engine": "tone",
            "voice": "tone",
            "rate": 8000,
            "channels": 1,
        }
        assert [one["text"] for one in words if one["type"] == "word"] == ["Hello", "there."]
        assert words[-1]["seconds"] == pytest.approx(len(sound) / 2 / 8000, abs=0.01)
        assert np.abs(np.frombuffer(sound, "<i2")).max() > 1000
        socket.send(json.dumps({"id": "mine", "text": "And again.", "rate": 24000}))
        words, sound = spoken(socket)
        assert (words[0]["id"], words[0]["rate"]) == ("mine", 24000)


def test_what_cannot_be_spoken_is_told_and_the_socket_stays(shared: HttpDaemon) -> None:
    with shared.websocket("/ws/tts") as socket:
        for bad, status in (
            ('{"text": "a", "engine": "nobody"}', "not-found"),
            ('{"text": 1}', "usage"),
            ("{", "bad-request"),
            (b"\0", "unsupported-media-type"),
            ('{"text": "?"}', "usage"),
        ):
            socket.send(bad)
            assert spoken(socket)[0][-1]["code"] == status
        socket.send("All is well.")
        assert spoken(socket)[0][-1]["type"] == "end"


def test_a_text_can_be_cancelled(slow: HttpDaemon) -> None:
    with slow.websocket("/ws/tts", max_queue=4) as socket:
        socket.send("A text that goes on and on. " * 100)
        assert told(socket)["type"] == "start"
        socket.send('{"cancel": true}')
        assert spoken(socket)[0][-1] == {"type": "cancelled", "id": "1"}
        socket.send("Short.")
        assert spoken(socket)[0][-1]["type"] == "end"


def test_who_leaves_frees_its_engine(slow: HttpDaemon) -> None:
    with slow.websocket("/ws/tts", max_queue=4) as socket:
        socket.send(json.dumps({"text": "At a high rate. " * 200, "rate": 192000}))
        assert told(socket)["type"] == "start"
    wait_for(slow.is_free, "the desk to be free", timeout=20)


def test_events_are_those_of_the_control_socket(make_http: MakeHttp) -> None:
    daemon = make_http(output=REAL_TIME)
    with daemon.websocket("/ws/events?events=queued,begin,end") as socket:
        assert told(socket)["method"] == "hello"
        daemon.say("Something.")
        events = [told(socket) for _ in range(3)]
    assert [one["method"] for one in events] == ["queued", "begin", "end"]
    assert events[0]["params"]["text"] == "Something."
    assert {one["params"]["id"] for one in events} == {1}


def test_an_unknown_event_is_refused(shared: HttpDaemon) -> None:
    with shared.websocket("/ws/events?events=nothing") as socket:
        told(socket)
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(PATIENCE)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1008


def test_sockets_survive_a_switch(make_http: MakeHttp) -> None:
    daemon = make_http(engines=("tone", "espeak"))
    with daemon.websocket("/ws/events?events=engine") as events, daemon.websocket("/ws/tts") as speech:
        told(events)
        speech.send("Before.")
        assert spoken(speech)[0][0]["engine"] == "tone"
        with daemon.client() as client:
            assert client.post("/models/switch/espeak").json()["success"]
        assert told(events)["params"]["engine"] == "espeak"
        speech.send("After.")
        assert spoken(speech)[0][0]["engine"] == "espeak"


def test_a_page_proves_itself_by_its_subprotocol(guarded: HttpDaemon) -> None:
    own = f"http://127.0.0.1:{guarded.port}"
    words: dict[str, Any]
    for words in ({}, {"subprotocols": ["ttsd", "bearer.wrong"]}, {"origin": "http://evil.example"}):
        with pytest.raises(InvalidStatus) as caught, guarded.websocket("/ws/tts", **words):
            pass
        assert caught.value.response.status_code == 403
    with guarded.websocket("/ws/tts", subprotocols=["ttsd", f"bearer.{TOKEN}"], origin=own) as socket:
        assert socket.subprotocol == "ttsd"
        socket.send("Hello.")
        assert spoken(socket)[0][-1]["type"] == "end"
    assert TOKEN not in guarded.stderr()
