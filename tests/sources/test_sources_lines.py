"""The pure splitter against a simple model, for any bytes in any pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ttsd.model import Offset
from ttsd.sources.lines import encoding_of, split

LIMIT = 64


def run(data: bytes, cuts: list[int], name: str, limit: int = LIMIT) -> tuple[list[str], int]:
    """Split a file that grows to each of *cuts* in turn, as a reader does; its texts and the offset."""
    texts: list[str] = []
    offset, skipping = Offset(0), False
    for size in sorted({min(cut, len(data)) for cut in cuts} | {len(data)}):
        encoding = encoding_of(name, data[: min(4, size)])
        while True:
            window = data[offset : min(size, offset + limit * 3)]
            found = split(window, offset, encoding, limit, skipping=skipping)
            texts += [line.text for line in found.lines]
            ends = [line.end for line in found.lines]
            assert ends == sorted(ends)
            assert all(offset < end <= found.end for end in ends)
            if (found.end, found.skipping) == (offset, skipping):
                break
            offset, skipping = found.end, found.skipping
    return texts, offset


@given(
    st.text(), st.lists(st.integers(0, 400)), st.sampled_from(["utf-8", "utf-16-le", "utf-32-be", "latin-1"])
)
def test_row_26_any_text_comes_back_whatever_the_pieces(text: str, cuts: list[int], name: str) -> None:
    lines = [line[:12] for line in text.replace("\0", "").replace("\ufeff", "").split("\n")][:-1]
    if name == "latin-1":
        lines = [line.encode("latin-1", "replace").decode("latin-1") for line in lines]
    data = "".join(line + "\n" for line in lines).encode(name)
    texts, offset = run(data, cuts, name)
    assert texts == [line.removesuffix("\r").replace("\r", " ") for line in lines]
    assert offset == len(data)


@given(
    st.binary(max_size=1000),
    st.lists(st.integers(0, 1000)),
    st.sampled_from(["utf-8", "utf-16", "utf-32", "cp1252", "shift_jis"]),
)
def test_row_26_no_bytes_are_fatal(data: bytes, cuts: list[int], name: str) -> None:
    texts, offset = run(data, cuts, name)
    assert 0 <= offset <= len(data)
    assert all("\0" not in text for text in texts)


@given(
    st.lists(
        st.binary(max_size=300).map(
            lambda raw: raw.replace(b"\n", b" ").replace(b"\0", b"").replace(b"\xff", b"")
        ),
        max_size=8,
    ),
    st.lists(st.integers(0, 2400)),
)
def test_row_27_every_line_gives_one_text_however_long_it_is(lines: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    texts, offset = run(data, cuts, "latin-1")
    expected = [line[:LIMIT].decode("latin-1").removesuffix("\r").replace("\r", " ") for line in lines]
    assert [text.rstrip() for text in texts] == [text.rstrip() for text in expected]
    assert offset == len(data)
