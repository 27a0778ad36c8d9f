"""The OpenAPI document holds: schemathesis asks everything it allows, and much that it does not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx2 as httpx
    from http_daemon import MakeHttp

SECONDS = 10
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "response_headers_conformance", "unsupported_method"),
)


@pytest.mark.long
def test_no_request_has_a_server_error_or_an_answer_that_is_not_documented(make_http: MakeHttp) -> None:
    daemon = make_http("per_client = 100")
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run"),
            f"{daemon.url}/openapi.json",
            *("--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", "--max-time", str(SECONDS)),
            *("--seed", "1", "--request-timeout", "20", "--warnings", "off", "--no-color"),
        ],
        cwd=daemon.folder,
        env=daemon.environment,
        capture_output=True,
        text=True,
        timeout=SECONDS + 60,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    assert not daemon.logged("http_server")
    assert daemon.call("ping") == "pong"


def test_every_route_is_in_the_document_with_its_problems(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    operations = [
        (path, verb, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    ]
    assert len(operations) > 25
    for path, verb, operation in operations:
        assert operation.get("summary"), (path, verb)
        assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys(), (path, verb)
    assert "HTTPValidationError" not in json.dumps(document)


def test_nothing_is_fetched_from_elsewhere(http: httpx.Client) -> None:
    """Pages that show the document load scripts from a network that nobody allowed."""
    assert http.get("/docs").status_code == 404
    assert http.get("/redoc").status_code == 404
