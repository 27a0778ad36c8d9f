"""docs/http.md tells what is: its examples run, its routes exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx2 as httpx
    from http_daemon import HttpDaemon

TEXT = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", blocks("sh"), ids=lambda text: text.split("7870")[1].split()[0])
def test_an_example_for_the_shell_runs(shared: HttpDaemon, tmp_path: Path, example: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed (apt install curl)")
    shared.chat.touch()
    run = example.replace("localhost:7870", f"localhost:{shared.port}").replace(
        "curl -s", "curl -sS --fail-with-body"
    )
    done = subprocess.run(
        ["sh", "-ec", run], cwd=tmp_path, env=shared.environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("example", blocks("python"))
def test_an_example_in_python_runs(shared: HttpDaemon, tmp_path: Path, example: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", example.replace("localhost:7870", f"localhost:{shared.port}")],
        cwd=tmp_path,
        env=shared.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_every_route_is_told_of(http: httpx.Client) -> None:
    for path in http.get("/openapi.json").json()["paths"]:
        plain = re.sub(r"/\{[^}]*\}$", "", path)
        assert plain in TEXT, path
