"""What `ttsd init` writes loads, whatever was answered, and never replaces what is there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd import config
from ttsd.config.first import Answers, ask, text, write
from ttsd.errors import ConfigError, UsageError
from ttsd.model import EngineName

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


def test_the_defaults_make_a_file_that_speaks(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ttsd.toml"
    write(path, Answers())
    settings = config.load(path, {})
    assert settings.engines == Answers().engines
    assert [source.name for source in settings.sources] == ["speak.txt"]
    assert path.read_text().count("# ") > 10


@given(
    st.builds(
        Answers,
        sources=st.lists(WORDS, min_size=1, max_size=3, unique=True).map(tuple),
        start=st.sampled_from(["end", "beginning"]),
        engines=st.lists(
            st.sampled_from([EngineName("piper"), EngineName("tone")]), min_size=1, unique=True
        ).map(tuple),
        voice=st.none() | WORDS,
        output=st.sampled_from(["auto", "pulse", "portaudio", "file", "null"]),
        device=st.none() | WORDS,
        folder=WORDS,
    )
)
def test_any_answers_make_a_file_that_says_what_was_answered(answers: Answers) -> None:
    if "say" in answers.sources:
        with pytest.raises(ConfigError):
            text(answers, Path("ttsd.toml"))
        return
    data = tomllib.loads(text(answers, Path("ttsd.toml")))
    assert tuple(data["engines"]) == answers.engines
    assert tuple(source["path"] for source in data["sources"]) == answers.sources
    assert {source["start"] for source in data["sources"]} == {answers.start}
    assert data.get("engine", {}).get(answers.engines[0], {}).get("voice") == answers.voice
    assert data["outputs"][0]["type"] == answers.output
    assert data["outputs"][0].get("device") == answers.device


def test_an_existing_file_stays_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "ttsd.toml"
    path.write_text("# mine\n")
    with pytest.raises(UsageError, match="already"):
        write(path, Answers())
    assert path.read_text() == "# mine\n"
    write(path, Answers(), replace=True)
    assert config.load(path, {}).sources


def test_answers_that_make_no_configuration_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ttsd.toml"
    with pytest.raises(ConfigError, match="no engine"):
        write(path, Answers(engines=(EngineName("pipr"),)))
    assert not path.exists()


def test_a_person_is_asked_and_an_empty_answer_is_the_default() -> None:
    asked = []

    def nothing(question: str, default: str) -> str:
        asked.append(question)
        return default

    assert ask(nothing, Answers()) == Answers()
    assert len(asked) == 5
    answers = iter(["a.log, logs/*.log", "beginning", "tone", "high", "null"])
    assert ask(lambda *_: next(answers), Answers()) == Answers(
        sources=("a.log", "logs/*.log"),
        start="beginning",
        engines=(EngineName("tone"),),
        voice="high",
        output="null",
    )
    with pytest.raises(UsageError, match="none of the choices"):
        ask(lambda *_: "perhaps", Answers())
