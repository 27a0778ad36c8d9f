"""The monitor's routes, models, commands by name: the daemon's own commands, asked for over HTTP."""

from __future__ import annotations

import io
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest
import soundfile
from daemon_process import REAL_TIME, configuration
from waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2 as httpx
    from http_daemon import MakeHttp


def test_status_names_the_engine_and_what_is_followed(http: httpx.Client) -> None:
    found = http.get("/v1/monitor/status").json()
    assert found["selected_engine"] == "tone"
    assert "tone" in found["available_engines"]
    assert [source["name"] for source in found["sources"]] == ["chat.log"]


def test_new_lines_of_a_followed_file_are_read_and_of_no_other(make_http: MakeHttp) -> None:
    daemon = make_http()
    daemon.append("one", "two", "three")
    daemon.wait_until_spoken(3)
    secret = daemon.folder / "secret.txt"
    secret.write_text("not yours\n")
    place = str(daemon.chat)
    with daemon.client() as client:

        def read(path: str, known: int) -> httpx.Response:
            found: httpx.Response = client.post(
                "/v1/monitor/read-file", json={"file_path": path, "last_line_count": known}
            )
            return found

        first = read(place, 1).json()
        assert (first["lines"], first["line_count"], first["restarted"]) == (["two", "three"], 3, False)
        with daemon.chat.open("a") as file:
            file.write("four\nhalf a li")
        assert read(place, 3).json()["lines"] == ["four"]
        assert read("chat.log", 4).json()["lines"] == []
        assert read(place, 99).json()["restarted"]
        for path in (
            str(secret),
            "/etc/passwd",
            f"{daemon.folder}/../d/chat.log",
            f"file://{place}",
            "../secret.txt",
        ):
            assert read(path, 0).status_code == 404, path
        form = client.post("/v1/monitor/read-file", data={"file_path": place, "last_line_count": "2"})
        assert form.json()["lines"] == ["three", "four"]


@pytest.mark.skipif(sys.platform == "win32", reason="it has no FIFOs")
def test_streams_are_not_opened_so_their_lines_go_to_their_source(make_http: MakeHttp) -> None:
    def add_a_pipe(folder: Path) -> None:
        getattr(os, "mkfifo")(folder / "pipe")  # noqa: B009 - type checking for Windows knows nothing of it
        (folder / "-").write_text("this is not stdin\n")

    sources = '[[sources]]\npath = "pipe"\n[[sources]]\npath = "-"\n'
    daemon = make_http(prepare=add_a_pipe, text=configuration(output=REAL_TIME) + sources)
    with daemon.client(timeout=10) as client:
        for path in ("pipe", str(daemon.folder / "pipe"), "-"):
            answer = client.post("/v1/monitor/read-file", json={"file_path": path})
            assert answer.status_code == 404, path
            assert "not kept" in answer.json()["detail"]
        assert client.post("/v1/monitor/process-queue", json={"file_path": "pipe"}).status_code == 204
        (daemon.folder / "pipe").replace(daemon.chat)  # under the name of a file that is followed
        assert stat.S_ISFIFO(daemon.chat.stat().st_mode)
        assert client.post("/v1/monitor/read-file", json={"file_path": "chat.log"}).status_code == 404


def test_the_next_line_of_a_source_is_heard_and_counts_as_spoken(make_http: MakeHttp) -> None:
    daemon = make_http(output=REAL_TIME, pace=100)
    with daemon.client() as client:
        assert client.post("/v1/commands/pause").json()["result"]["state"] == "paused"
        daemon.append("first line", "second line")
        wait_for(lambda: daemon.status()["queue"]["queued"] == 2, "two lines to be queued")
        body = {"file_path": str(daemon.chat), "last_line_count": 0, "engine": "tone"}
        heard = client.post("/v1/monitor/process-queue", json=body)
        assert heard.headers["content-type"] == "audio/wav"
        assert len(soundfile.read(io.BytesIO(heard.content))[0])
        wait_for(lambda: daemon.status()["counters"]["spoken"] == 1, "it to count as spoken")
        (ended,) = daemon.call("history.list")["utterances"]
        assert (ended["text"], ended["state"], ended["engine"]) == ("first line", "spoken", "tone")
        assert ended["seconds"] > 0
        client.post("/v1/commands/resume")
        daemon.wait_until_spoken(2)
        assert client.post("/v1/monitor/process-queue", json=body).status_code == 204
        assert client.post("/v1/monitor/process-queue", json={"file_path": "/etc/passwd"}).status_code == 404
    assert [one.text for one in daemon.history()] == ["first line", "second line"]


def test_a_line_that_nobody_stayed_for_is_read_aloud(make_http: MakeHttp) -> None:
    daemon = make_http(output=REAL_TIME, pace=1)
    with daemon.client() as client:
        client.post("/v1/commands/pause")
        daemon.append(" ".join(f"word {a}{b}" for a in "abcdefgh" for b in "abcdefghijkl") * 5)
        wait_for(lambda: daemon.status()["queue"]["queued"] == 1, "the line to be queued")
        body = {"file_path": str(daemon.chat)}
        with client.stream("POST", "/v1/monitor/process-queue", json=body) as answer:
            pieces = answer.iter_raw()
            assert next(pieces)
            # Nobody else speaks it meanwhile.
            assert client.post("/v1/monitor/process-queue", json=body).status_code == 204
            client.post("/v1/commands/resume")
            assert daemon.status()["now"] is None
        daemon.wait_until_speaking()


def test_the_engine_is_switched_and_kept(make_http: MakeHttp) -> None:
    daemon = make_http(engines=("tone", "espeak"))
    with daemon.client() as client:
        assert client.post("/v1/monitor/select-engine", data={"engine": "espeak"}).json() == {
            "success": True,
            "selected_engine": "espeak",
        }
        assert client.get("/models/current").json()["name"] == "espeak"
        wait_for(lambda: daemon.engine_pid("tone") is None, "the old engine's process to end")
        switched = client.post("/models/switch/tone").json()
        assert switched == {"success": True, "current": "tone", "chain": ["tone", "espeak"], "saved": True}
        assert 'engines = ["tone", "espeak"]' in daemon.config.read_text()
        assert client.post("/models/switch/nobody").status_code == 404
        assert client.post("/models/switch/kokoro").status_code == 409
        assert {one["name"] for one in client.get("/models").json()["models"]} >= {"tone", "xtts"}


def test_commands_are_those_of_the_control_socket(http: httpx.Client) -> None:
    assert http.post("/v1/commands/ping").json() == {"result": "pong"}
    assert http.post("/v1/commands/volume.set", json={"volume": 70}).json()["result"]["volume"] == 70
    assert http.post("/v1/commands/volume.set", json={"volume": 700}).status_code == 422
    assert http.post("/v1/commands/volume.set", json={"loudness": 7}).status_code == 422
    assert http.post("/v1/commands/shutdown").status_code == 404
    assert http.post("/v1/commands/say", json={"text": "a", "wait": True}).status_code == 422
    assert http.get("/v1/status").json()["state"] == "idle"


def test_without_checkpoints_it_says_so(http: httpx.Client) -> None:
    answer = http.get("/v1/finetune/checkpoints")
    assert answer.status_code == 404
    assert "there is no folder" in answer.json()["detail"]
    assert http.get("/v1/finetune/synthesize/..%2F..%2Fttsd.toml").status_code == 404
    spoken = http.post("/v1/finetune/synthesize", json={"text": "Hello."})
    assert spoken.status_code == 404
    assert "not installed" in spoken.json()["detail"]


def test_checkpoints_are_listed_shown_and_deleted_within_their_folder(make_http: MakeHttp) -> None:
    daemon = make_http("\n[engine.xtts]\nmodel = 'model'")
    folder = daemon.folder / "model"
    folder.mkdir()
    for file in ("model.pth", "checkpoint_1000.pth", "best_model.pth"):
        (folder / file).write_bytes(b"no checkpoint")
    with daemon.client() as client:
        found = client.get("/v1/finetune/checkpoints").json()
        assert found["total"] == 3
        best = next(one for one in found["checkpoints"] if one["name"] == "best_model.pth")
        assert best["is_best"]
        assert best["global_step"] is None
        assert best["problem"]
        assert client.get("/v1/finetune/checkpoints/checkpoint_1000.pth").json()["size_mb"] == 0.0
        assert (
            client.get("/v1/finetune/model/info", params={"checkpoint": "best_model.pth"}).json()["config"]
            == {}
        )
        assert client.delete("/v1/finetune/checkpoints/best_model.pth").status_code == 409
        assert client.delete("/v1/finetune/checkpoints/model.pth").status_code == 409
        for name in ("../ttsd.toml", "/etc/passwd", "%2e%2e/state/ttsd.db", "a/../../ttsd.toml"):
            assert client.delete(f"/v1/finetune/checkpoints/{name}").status_code in (404, 405)
            assert client.get("/v1/finetune/model/info", params={"checkpoint": name}).status_code == 404
        assert client.delete("/v1/finetune/checkpoints/checkpoint_1000.pth").json()["success"]
    assert sorted(file.name for file in folder.iterdir()) == ["best_model.pth", "model.pth"]
    assert daemon.config.exists()
