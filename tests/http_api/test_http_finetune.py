"""Fine-tuned models over HTTP, on the real library of XTTS. Marked `torch`; see `engine_venvs`."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

import pytest
import soundfile
from engine_venvs import data_folder, python_of, tiny
from recordings import speech

if TYPE_CHECKING:
    from pathlib import Path

    from http_daemon import HttpDaemon, MakeHttp

pytestmark = pytest.mark.torch


@pytest.fixture
def daemon(make_http: MakeHttp) -> HttpDaemon:
    """One that has XTTS, with a folder of a training."""
    python_of("xtts")
    model = tiny("xtts", "training")

    def prepare(folder: Path) -> None:
        shutil.copytree(model, folder / "model")
        data = folder / "home" / ".local" / "share" / "ttsd"
        data.mkdir(parents=True)
        (data / "engines").symlink_to(data_folder() / "engines")

    weights = next(path.relative_to(model).as_posix() for path in sorted(model.rglob("best_model*.pth")))
    return make_http(f'\n[engine.xtts]\nmodel = "model"\ncheckpoint = "{weights}"', prepare=prepare)


def test_a_checkpoint_is_listed_speaks_and_is_deleted(daemon: HttpDaemon) -> None:
    with daemon.client(timeout=180) as client:
        found = client.get("/v1/finetune/checkpoints").json()["checkpoints"]
        others = [one for one in found if not one["is_best"] and not one["problem"]]
        assert {one["name"] for one in found if one["is_best"]}
        assert any(one["global_step"] is not None for one in found)
        used = next(one for one in found if one["in_use"])
        info = client.get("/v1/finetune/model/info").json()
        assert info["checkpoint"] == used

        recording = io.BytesIO()
        soundfile.write(recording, speech(), 24_000, format="WAV")
        files = {"file": ("ana.wav", recording.getvalue())}
        assert client.post("/v1/speakers", data={"name": "ana"}, files=files).status_code == 200
        body = {"text": "Hello there.", "language": "en", "checkpoint": used["name"], "speaker_wav": "ana"}
        assert client.post("/v1/finetune/synthesize", json={**body, "speaker_wav": "bob"}).status_code == 404
        made = client.post("/v1/finetune/synthesize", json=body)
        assert made.status_code == 200, made.text
        sound = client.get(made.json()["audio_path"])
        samples, rate = soundfile.read(io.BytesIO(sound.content))
        assert len(samples) / rate == pytest.approx(made.json()["duration_seconds"], abs=0.01)

        plain = {"text": "Hello there.", "language": "en", "engine": "xtts", "speaker": "ana", "top_k": 20}
        assert client.post("/v1/synthesize", json=plain).headers["x-engine"] == "xtts"
        assert client.post("/v1/synthesize", json={**plain, "speaker": "Nobody"}).status_code == 404
        assert client.post("/v1/synthesize", json={**plain, "language": "uk"}).status_code == 422
        assert client.post("/v1/synthesize", json={**plain, "checkpoint": "../x.pth"}).status_code == 404

        assert client.delete(f"/v1/finetune/checkpoints/{used['name']}").status_code == 409
        for one in others:
            assert client.delete(f"/v1/finetune/checkpoints/{one['name']}").json()["deleted"] == one["name"]
