"""Captions show the words that are heard, when they are heard, and nothing in them is taken for markup."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from ttsd.model import WordTime
from ttsd.text.captions import (
    LINES,
    WIDTH,
    Caption,
    all_srt,
    all_vtt,
    cues,
    estimated,
    srt,
    timing,
    timings,
    vtt,
    without,
)

LONG = "This is a rather long sentence which does not fit into two lines of forty-two characters each, so it is cut."
TIME = r"(\d\d+):(\d\d):(\d\d)[.,](\d{3})"


def at(match: tuple[str, ...]) -> int:
    hours, minutes, seconds, milliseconds = map(int, match)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds


def test_a_webvtt_file_with_the_engines_word_times() -> None:
    words = (WordTime("Hello", 0.0, 0.5), WordTime("you.", 0.6, 1.0))
    assert all_vtt([Caption(3.0, 4.0, "Hello you.", words, speaker="Ana & Bo")]) == (
        "WEBVTT\n\n00:00:03.000 --> 00:00:04.000\n<v Ana &amp; Bo>Hello <00:00:03.600>you.</v>\n\n"
    )


def test_estimates_are_marked() -> None:
    assert "NOTE word times are estimated" in all_vtt([Caption(0.0, 2.0, "Hello you.")])
    assert "NOTE" not in all_vtt([Caption(0.0, 2.0, "Hello", (WordTime("Hello", 0.0, 1.0),))])


def test_an_srt_file() -> None:
    captions = [Caption(3661.5, 3663.0, "One --> two <b>"), Caption(3664.0, 3665.0, "Three", speaker="Ana")]
    assert all_srt(captions) == (
        "1\n01:01:01,500 --> 01:01:03,000\nOne → two ‹b›\n\n2\n01:01:04,000 --> 01:01:05,000\nAna: Three\n\n"
    )


def test_long_sentences_are_shown_in_pieces_in_their_time() -> None:
    found = cues(Caption(10.0, 16.0, LONG))
    assert len(found) == 2
    assert (found[0].start, found[-1].end) == (10.0, 16.0)
    assert found[0].end == found[1].start
    assert " ".join(cue.text for cue in found) == LONG


def test_scripts_without_spaces_fit_too() -> None:
    found = cues(Caption(0.0, 20.0, "今天天气很好" * 30))
    assert len(found) > 1
    assert "".join(cue.text for cue in found) == "今天天气很好" * 30


def test_estimates_follow_the_lengths_of_words() -> None:
    words = estimated("a longer word", 3.0)
    assert [word.text for word in words] == ["a", "longer", "word"]
    assert words[0].start == 0.0
    assert abs(words[-1].end - 3.0) < 1e-9
    assert words[1].end - words[1].start > words[0].end - words[0].start


@given(
    st.text(max_size=300),
    st.floats(0, 1e5),
    st.floats(0, 60),
    st.none() | st.text(max_size=20),
)
def test_any_text_is_read_back_as_it_was(text: str, start: float, length: float, speaker: str | None) -> None:
    caption = Caption(start, start + length, text, speaker=speaker)
    written = all_vtt([caption])
    blocks = [block for block in written.split("\n\n")[1:] if block and not block.startswith("NOTE")]
    shown = []
    for block in blocks:
        timing, body = block.split("\n")
        begin, end = re.fullmatch(rf"{TIME} --> {TIME}", timing), None
        assert begin is not None
        end = at(begin.groups()[4:])
        assert at(begin.groups()[:4]) <= end
        inside = [at(found) for found in re.findall(rf"<{TIME}>", body)]
        assert inside == sorted(inside)
        assert all(time <= end for time in inside)
        shown.append(html.unescape(re.sub(r"<[^>]*>", "", body)))
        assert "-->" not in body
    assert "".join("".join(shown).split()) == "".join(text.split())
    for number, cue in enumerate(cues(caption), 1):
        head, timing, *lines = srt(cue, number).removesuffix("\n\n").split("\n")
        assert head == str(number)
        assert re.fullmatch(rf"{TIME} --> {TIME}", timing)
        assert all(len(line) <= WIDTH for line in lines)
        assert not any("-->" in line for line in lines)
        assert vtt(cue)
    if speaker is None:
        assert all(srt(cue, 1).count("\n") <= LINES + 3 for cue in cues(caption))


def test_punctuation_stays_with_the_words_whose_times_are_known() -> None:
    words = (WordTime("He", 0, 1), WordTime("said", 1, 2), WordTime("No", 2, 3), WordTime("never", 3, 4))
    text = all_vtt([Caption(0, 4, 'He said: "No, (never)!"', words)])
    assert 'He <00:00:01.000>said: <00:00:02.000>"No, <00:00:03.000>(never)!"' in text
    strange = all_vtt([Caption(0, 4, "$5", (WordTime("five", 0, 1), WordTime("dollars", 1, 2)))])
    assert "five <00:00:01.000>dollars" in strange


@given(st.text(max_size=80), st.lists(st.text(max_size=8), max_size=8))
def test_words_of_any_engine_make_cues(text: str, words: list[str]) -> None:
    times = tuple(WordTime(word, index, index + 1) for index, word in enumerate(words))
    for cue in cues(Caption(0, 9, text, times)):
        assert cue.end > cue.start


@given(st.lists(st.tuples(st.text(max_size=60), st.none() | st.text(max_size=8), st.booleans()), max_size=8))
def test_a_file_without_some_captions_is_as_if_they_had_never_been(
    said: list[tuple[str, str | None, bool]],
) -> None:
    captions = [
        (Caption(at, at + 5, text, speaker=name), gone) for at, (text, name, gone) in enumerate(said, 1)
    ]
    left = [caption for caption, gone in captions if not gone]
    times = {timing(cue) for caption, gone in captions if gone for cue in cues(caption)}
    for whole in (all_vtt, all_srt):
        document = whole([caption for caption, _ in captions])
        assert without(document, times) == whole(left)
        assert without(document, ()) == document
        assert timings(whole(left)) == [timing(cue) for caption in left for cue in cues(caption)]


def test_what_somebody_added_to_a_file_stays_there() -> None:
    first, second = cues(Caption(1.0, 2.0, "One")) + cues(Caption(3.0, 4.0, "Two"))
    edited = f"WEBVTT - my evening\n\nNOTE mine\n\n{vtt(first)}STYLE\n::cue {{}}\n\n{vtt(second)}"
    assert without(edited, {timing(first)}) == edited.replace(vtt(first), "")
