"""Markdown, and what is like it in chats, as the text a reader sees. Pure.

Line by line and without a parser: a line of a growing file is rarely a whole document. Total, linear;
idempotent for texts whose marks are balanced.
"""

from __future__ import annotations

import html
import re

_BLOCK = re.compile(r"(?:```|~~~)([^\n`]*)(?:\n(.*?))?(?:\n?[ \t]*(?:```|~~~)|\Z)", re.DOTALL)
_INLINE_BLOCK = re.compile(r"```([^\n]+?)```")


def without_code(text: str, say: str | None) -> str:
    """Blocks of code replaced by *say*; None: their text is kept, without the fence."""

    def replaced(match: re.Match[str]) -> str:
        inside = match[2]
        if inside is None:
            return " "  # a fence alone: its block is in other lines
        return f" {inside if say is None else say} "

    text = _INLINE_BLOCK.sub(lambda match: match[1] if say is None else say, text)
    return _BLOCK.sub(replaced, text)


_LINK = re.compile(
    r"!?\[([^\[\]\n]*)\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)|\[[^\[\]\n]*\])"
)
# Not `[[ sounds ]]`, with spaces inside: so Piper is told phonemes.
_WIKI = re.compile(r"!?\[\[(?! )(?:[^\[\]|\n]*\|)?([^\[\]|\n]*)\]\]")
_NOTE = re.compile(r"\[\^[^\]\s]{1,40}\]:?")
_AUTO = re.compile(r"<((?:https?|mailto|ftp):[^<>\s]+)>")


def without_links(text: str) -> str:
    """The words of links and the descriptions of pictures, without where they lead."""
    if "[" in text:
        text = _WIKI.sub(r"\1", text)
        text = _LINK.sub(r"\1", text)
        text = _NOTE.sub("", text)
    return _AUTO.sub(r"\1", text) if "<" in text else text


_START = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|(?:>[ \t]?)+|[-*+•][ \t]+(?:\[[ xX]\][ \t]+)?)+", re.MULTILINE)
_HEADING_END = re.compile(r"(?<![ \t])[ \t]++#++[ \t]*+$", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*+(?:[-*_=][ \t]*+){3,}+$", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t]*+\|?[ \t]*+:?--[-:| \t]*+$", re.MULTILINE)
_ROW = re.compile(r"^[ \t]*\|(.*)\|[ \t]*$", re.MULTILINE)
_TAG = re.compile(
    r"</?(?:br|p|b|i|u|s|em|strong|code|pre|sub|sup|kbd|small|div|span|img|a|h[1-6]|ul|ol|li|details|summary|center)"
    r"(?:\s[^<>\n]{0,400})?/?>",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_OPENING = re.compile(r"(?<![\w*_`])(?:[*_`]|~~)+(?=[^\s*_`])")
_CLOSING = re.compile(r"(?<=[^\s*_`])(?:[*_`]|~~)+(?![\w*_`])")
_DOUBLE = re.compile(r"\*\*(?=\S)|(?<=\S)\*\*|`")
_UNDERSCORES = re.compile(r"(?<=[^\W_])_+(?=[^\W_])")
_SPOILER = re.compile(r"\|\|(?=\S)|(?<=\S)\|\|")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,10}|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_SOME = re.compile(r"[*_`#>|\[~&<•]")


def without_marks(text: str) -> str:
    """Without headings' #, bullets, quotes' >, emphasis, table bars, tags, entities, a_b's underscores."""
    if _SOME.search(text) is None and text[:1] not in "-+= \t" and "\n" not in text:
        return text
    if "&" in text:
        text = _ENTITY.sub(_character, text.replace("&amp;amp;", "&amp;"))
    if "<" in text:
        text = _TAG.sub(" ", _COMMENT.sub(" ", text))
    text = _TABLE_RULE.sub("", _RULE.sub("", text))
    text = _HEADING_END.sub("", _START.sub("", text))
    text = _ROW.sub(lambda row: ", ".join(filter(None, map(str.strip, row[1].split("|")))), text)
    text = _SPOILER.sub("", _DOUBLE.sub("", text))
    text = _CLOSING.sub("", _OPENING.sub("", text))
    return _UNDERSCORES.sub(" ", text) if "_" in text else text


def _character(match: re.Match[str]) -> str:
    char = html.unescape(match[0])
    # What names a control character, or nothing, stays as it is written.
    return char if char.isprintable() or char == "\xa0" else match[0]
