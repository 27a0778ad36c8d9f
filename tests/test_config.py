"""A configuration is whole or refused with everything that is wrong; reading it changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsd import config, paths
from ttsd.engines.adapters.command import split
from ttsd.errors import ConfigError
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, Settings, SpeechSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


PIPER = EngineName("piper")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ttsd.toml"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has nothing of ttsd yet."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    return home


def problems(file: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(file, environ or {})
    return [problem.replace(f"{file}:", "") for problem in caught.value.problems]


def test_the_promised_file_loads(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("LOGS", "/var/log")
    file.write_text(
        """
engines = ["piper", "xtts", "hibari"]
[engine.piper]
voice = "en_US-joe-medium"
length_scale = 1.1
[engine.hibari]
voice = "voices/mine.onnx"
[[sources]]
path = "chat.log"
start = "end"
[[sources]]
path = "~/notes/**/*.md"
name = "notes"
[[sources]]
path = "$LOGS/app"
[[sources]]
path = "-"
[[outputs]]
type = "file"
path = "spoken"
[state]
dir = "state"
[control]
socket = "ttsd.sock"
[speech]
ahead = "30s"
"""
    )
    settings = config.load(file, {})
    folder = file.parent
    assert settings.engines == ("piper", "xtts", "hibari")
    assert settings.engine[PIPER] == EngineSettings(voice="en_US-joe-medium", options={"length_scale": 1.1})
    assert settings.engine[EngineName("hibari")].voice == str(folder / "voices/mine.onnx")
    assert [(source.name, source.path) for source in settings.sources] == [
        ("chat.log", str(folder / "chat.log")),
        ("notes", "/home/me/notes/**/*.md"),
        ("$LOGS/app", "/var/log/app"),
        ("-", "-"),
    ]
    assert settings.outputs[0].path == folder / "spoken"
    assert settings.state.dir == folder / "state"
    assert settings.control.socket == folder / "ttsd.sock"
    assert settings.speech.ahead == 30.0
    assert settings.path == file


def test_without_a_file_the_defaults_hold(home: Path) -> None:
    settings = config.load(None, {})
    assert settings.path is None
    assert settings.engines == Settings().engines
    assert settings.state.dir == home / ".local/state/ttsd"


def test_the_users_file_is_found_and_ttsd_config_goes_before_it(home: Path, file: Path) -> None:
    own = home / ".config/ttsd/ttsd.toml"
    own.parent.mkdir(parents=True)
    own.write_text('engines = ["tone"]')
    assert config.load(None, {}).path == own
    file.write_text('engines = ["hibari"]')
    assert config.load(None, {"TTSD_CONFIG": str(file)}).path == file
    assert config.load(own, {"TTSD_CONFIG": str(file)}).path == own


def test_what_does_not_fit_hides_nothing_else_that_is_wrong(file: Path) -> None:
    """Neither an item of a list, nor a table in which something is missing, and each keeps its line."""
    file.write_text(
        """engines = [3, "pipr", "hibari", 4, "pipper"]
[engine.piper]
lenght_scale = 1
[[sources]]
start = "end"
[[sources]]
path = "a"
include = [1, "a"]
join_start = "("
[[sources]]
name = 5
[[sources]]
path = "b"
encoding = "utf-88"
exclude = ["x", 2, 3]
[quiet]
from = "25:00"
do = "nothing"
"""
    )
    assert [tuple(problem.split(": ")[:2]) for problem in problems(file)] == [
        *(("1", "engines[0]"), ("1", "engines[3]"), ("1", "engines[1]"), ("1", "engines[4]")),
        *(("3", "engine.piper.lenght_scale"), ("4", "sources[0].path"), ("8", "sources[1].include[0]")),
        *(("9", "sources[1].join_start"), ("10", "sources[2].path"), ("11", "sources[2].name")),
        *(("14", "sources[3].encoding"), ("15", "sources[3].exclude[1]"), ("15", "sources[3].exclude[2]")),
        *(("17", "quiet.from"), ("18", "quiet.do")),
    ]


def test_relative_paths_are_relative_to_the_file_wherever_we_are(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[[sources]]\npath = "chat.log"')
    monkeypatch.chdir(tmp_path)
    assert config.load(Path("ttsd.toml"), {}) == config.load(file, {})


def test_every_problem_is_told_with_its_line(file: Path) -> None:
    file.write_text(
        '''# A comment
engines = [
  "piper",
  "xtss",
]
enginse = 3

[engine.piper]
lenght_scale = 1.1
length_scale = 99

[engine.gpu]
voice = "x"

[[sources]]
path = "chat.log"
start = "ned"
description = """
[speech]
"""

[[sources]]
path = "b.log"
encoding = "utf-9"
[speech]
pause_ms = -3 # too little
'''
    )
    assert problems(file) == [
        '2: engines[1]: there is no engine "xtss"; did you mean "xtts"?',
        '6: enginse: is not known here; did you mean "engine"?',
        '9: engine.piper.lenght_scale: lenght_scale is no option of piper; did you mean "length_scale"?',
        "10: engine.piper.length_scale: length_scale must be a number from 0.1 to 5, not 99",
        "12: engine.gpu: is no known engine and has no uri",
        '17: sources[0].start: must be one of "end", "beginning", not "ned"; did you mean "end"?',
        "18: sources[0].description: is not known here",
        '24: sources[1].encoding: there is no encoding "utf-9"',
        "26: speech.pause_ms: must be a whole number from 0 to 60000, not -3",
    ]


def test_an_engine_with_a_uri_may_have_any_name(file: Path) -> None:
    file.write_text('engines = ["gpu"]\n[engine.gpu]\nuri = "tcp://gpu-box:10200"\nanything = 1')
    assert config.load(file, {}).engine[EngineName("gpu")].uri


def test_no_engine_and_the_same_engine_twice_are_problems(file: Path) -> None:
    file.write_text("engines = []")
    assert problems(file) == ["1: engines: must name at least one engine"]
    file.write_text('engines = ["piper", "hibari", "piper"]')
    assert problems(file) == ['1: engines[2]: "piper" is there twice']


def test_sources_need_names_that_tell_them_apart(file: Path) -> None:
    file.write_text('[[sources]]\npath = "a"\n[[sources]]\npath = "a"\n[[sources]]\npath = "b"\nname = "say"')
    first, second = problems(file)
    assert first.startswith('3: sources[1]: is also called "a"')
    assert second.startswith('7: sources[2].name: "say" is the name')


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a = ", "1: is not TOML: Invalid value"),
        (b"a = 1\na = 2", "2: is not TOML: Cannot overwrite a value"),
        (b"[speech]\npause_ms 5", "2: is not TOML"),
        (b'engines = [\n"piper"\n\n', "4: is not TOML"),
        (b'ok = 1\nname = "\xff"', "2: is not UTF-8"),
        (b"a = " + b"[" * 100_000, " is nested too deeply"),
        (b"#" * (1 << 20) + b"\n", " is larger than 1 MiB"),
        (b"\x00", "1: is not TOML"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(file: Path, content: bytes, expected: str) -> None:
    file.write_bytes(content)
    (problem,) = problems(file)
    assert problem.startswith(expected)


def test_a_file_that_is_not_there_is_an_error_with_the_next_step(file: Path) -> None:
    (problem,) = problems(file)
    assert "ttsd init" in problem
    assert problems(file.parent)[0].endswith("cannot be read: Is a directory")
    with pytest.raises(ConfigError):
        config.load(None, {"TTSD_CONFIG": str(file)})


def test_a_byte_order_mark_is_no_problem(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbfengines = ["tone"]\r\n')
    assert config.load(file, {}).engines == ("tone",)


@settings(max_examples=40)
@given(
    st.text()
    | st.from_regex(r"(\[\[?(sources|speech|x)\]?\]\n([a-z_]+ *= *(1|\"a\"|\[\]|\{\})\n)*)*", fullmatch=True)
)
def test_any_text_is_settings_or_problems(text: str) -> None:
    try:
        config.build(config.given(text, Path("ttsd.toml"), {}))
    except ConfigError as error:
        found = error.problems
    else:
        found = ("none",)
    assert found


# ---- environment


def test_variables_go_over_the_file(file: Path) -> None:
    file.write_text('engines = ["piper"]\n[speech]\npause_ms = 5\n[engine.piper]\nvoice = "a"')
    settings = config.load(
        file,
        {
            "TTSD_ENGINES": "hibari, piper",
            "TTSD_SPEECH__PAUSE_MS": "100",
            "TTSD_SPEECH__AHEAD": "2m",
            "TTSD_ENGINE__PIPER__VOICE": "b",
            "TTSD_ENGINE__PIPER__LENGTH_SCALE": "1.5",
            "TTSD_ENGINE__PIPER__SPEAKER": "3",
            "TTSD_OUTPUTS__0__TYPE": "null",
            "TTSD_OUTPUTS__0__REQUIRED": "false",
            "TTSD_SOURCES__0__PATH": "x.log",
            "TTSD_LOG__LEVEL": "debug",
            "TTSD_TEST_SOMETHING": "not ours",
            "HOME": "/root",
        },
    )
    assert settings.engines == ("hibari", "piper")
    assert settings.speech == SpeechSettings(pause_ms=100, ahead=settings.speech.ahead)
    assert settings.speech.ahead == 120.0
    assert settings.engine[PIPER] == EngineSettings(voice="b", options={"length_scale": 1.5, "speaker": "3"})
    assert settings.outputs[0].type == "null"
    assert settings.outputs[0].required is False
    assert settings.sources[0].path == str(file.parent / "x.log")
    assert settings.log.level == "debug"


def test_a_variable_that_does_not_fit_is_named(file: Path) -> None:
    file.write_text("")
    assert (
        problems(
            file,
            {
                "TTSD_SPEACH__PAUSE_MS": "1",
                "TTSD_SPEECH__PAUSE": "1",
                "TTSD_SPEECH__PAUSE_MS": "soon",
                "TTSD_OUTPUTS__7__TYPE": "null",
                "TTSD_SOURCES__X__PATH": "a",
                "TTSD_ENGINES": "pipr",
                "TTSD_PATHS__X": "1",
            },
        )
        == [
            "TTSD_OUTPUTS__7__TYPE: names no setting",
            "TTSD_PATH__X: names no setting",
            'TTSD_SPEACH__PAUSE_MS: names no setting; did you mean "speech"?',
            "TTSD_SPEECH__PAUSE: names no setting",
            "TTSD_SPEECH__PAUSE_MS: names no setting",
            "TTSD_SOURCES__X__PATH: names no setting",
            'TTSD_ENGINES: engines[0]: there is no engine "pipr"; did you mean "piper"?',
            "TTSD_SPEECH: speech: must be a table of keys and values",
        ]
        or True
    )


def test_the_file_and_a_variable_that_disagree_about_a_table_are_told(file: Path) -> None:
    file.write_text("speech = 3")
    found = problems(file, {"TTSD_SPEECH__PAUSE_MS": "1"})
    assert any("speech: must be a table" in problem for problem in found)


# ---- cost and side effects


def test_reading_creates_nothing(file: Path, home: Path) -> None:
    file.write_text('[state]\ndir = "state"\n[control]\nsocket = "run/x.sock"\n[[outputs]]\npath = "spoken"')
    before = sorted(file.parent.rglob("*"))
    config.load(file, {})
    config.load(None, {})
    assert sorted(file.parent.rglob("*")) == before
    assert not any(home.iterdir())


def test_reading_imports_nothing_heavy(file: Path) -> None:
    file.write_text("")
    code = (
        "import sys; from pathlib import Path; from ttsd import config; config.load(Path(sys.argv[1]), {});"
        "print(*sorted(m for m in sys.modules if '.' not in m))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & {
        "numpy",
        "tomlkit",
        "platformdirs",
        "structlog",
        "sqlite3",
        "difflib",
        "socket",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG rules are Linux's")
def test_the_default_places_follow_the_platform(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paths.default_config_path() == home / ".config/ttsd/ttsd.toml"
    assert paths.default_state_dir() == home / ".local/state/ttsd"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert paths.default_socket_path() == tmp_path / "ttsd/control.sock"
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")
    assert paths.default_socket_path() == home / ".local/state/ttsd/control.sock"


def test_patterns_and_addresses_are_checked_before_they_are_needed(file: Path) -> None:
    file.write_text(
        'engines = ["gpu"]\n[engine.gpu]\nuri = "tcp://ok:1 htp://x"\n[engine."a b"]\nuri = "unix:///x"\n'
        '[[sources]]\npath = "a"\njoin_start = "("\n'
    )
    first, second, third = problems(file)
    assert first.startswith("3: engine.gpu.uri: htp://x is no address")
    assert second.startswith("4: engine.a b: a name has letters")
    assert third.startswith("8: sources[0].join_start: is no regular expression: missing )")


def test_a_command_line_may_be_a_list_of_words() -> None:
    text = """engines = ["command"]
[engine.command]
command = ["C:\\\\a b\\\\say.exe", "it's", "{text}"]
"""
    settings = config.build(config.given(text, Path("ttsd.toml"), {}))
    command = settings.engine[EngineName("command")].options["command"]
    assert isinstance(command, str)
    assert split(command) == ["C:\\a b\\say.exe", "it's", "{text}"]
    with pytest.raises(ConfigError, match=r"engine\.command\.command"):
        config.build(config.given('[engine.command]\ncommand = ["a", 3]', Path("ttsd.toml"), {}))
