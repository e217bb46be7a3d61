"""What can be told wrong of raw SQL before it is sent: places in quotes, ``$1``, two statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from asyncorm.errors import InvalidRequestError

#: stands for a value while the text is read; the text itself can't have it
PLACE = "\0"

# the order matters: E'...' before words, and words (which may hold $) before $1
_TOKEN = r"""(?xs)
    (?P<line_comment>--[^\n]*)
  | (?P<comment>/\*)
  | (?P<escape_string>[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted_name>"(?:[^"]|"")*")
  | (?P<word>[^\W\d][\w$]*)
  | (?P<dollar_string>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
  | (?P<number>\$\d+)
  | (?P<cast>::|:=)
  | (?P<named>:[^\W\d]\w*)
  | (?P<open>[(\[]) | (?P<close>[)\]])
  | (?P<end>;)
  | (?P<unclosed>['"]|\$(?:[^\W\d]\w*)?\$)
"""
_COMMENT_EDGE = r"/\*|\*/"
_AFTER_IN = r"(?i)(?:^|[^\w$])(not\s+)?in\s*\(?\s*\Z"
_WITHOUT_PLACES = {
    "line_comment": "a comment",
    "comment": "a comment",
    "escape_string": "quotes",
    "string": "quotes",
    "quoted_name": "quotes",
    "dollar_string": "a text in dollars",
}
_OPENING = {"'": "a quote", '"': "a quote"}


@lru_cache(maxsize=512)
def check_syntax(pieces: tuple[str, ...]) -> None:
    """Refuse a text whose places can't be values, and one of several statements."""
    if any(PLACE in piece for piece in pieces):
        raise _refused("holds a NUL character", "PostgreSQL has none in its texts")
    depth, ended, is_body = 0, False, False
    text = PLACE.join(pieces)
    for kind, token in _tokens(text):
        if ended and kind not in ("line_comment", "comment", "end"):
            raise _refused(
                "holds several statements",
                "send them one by one, each by a sql() of its own",
            )
        if kind in _WITHOUT_PLACES:
            if PLACE in token:
                raise _refused(
                    f"has a place for a value inside {_WITHOUT_PLACES[kind]}",
                    "leave the quotes away: a value is never part of the text; join the parts of "
                    "a text in Python, or with ||",
                )
        elif kind == "number":
            raise _refused(f"has {token}, which asyncorm numbers itself", "write {} for a value")
        elif kind == "named" and not depth:
            raise _refused(f"has {token}, which is no place for a value", "write {} for a value")
        elif kind == "open" or kind == "close":
            depth += 1 if kind == "open" else -1
        elif kind == "word":
            is_body = is_body or token.lower() == "atomic"
        elif kind == "end":
            # a function's BEGIN ATOMIC and a rule's parentheses hold statements
            ended = ended or (depth == 0 and not is_body)


def nested_list_operator(before: str) -> str | None:
    """``= any({})`` if a list in this place would stand after IN, where PostgreSQL has none."""
    found = re.search(_AFTER_IN, before)
    if found is None:
        return None
    return "<> all({})" if found[1] else "= any({})"


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """The tokens that matter; everything else, one character at a time, as kind ``""``."""
    position, token = 0, re.compile(_TOKEN)  # long, and not every program writes SQL itself
    while position < len(text):
        found = token.match(text, position)
        if found is None:
            if not text[position].isspace():
                yield "", text[position]
            position += 1
            continue
        kind, end = found.lastgroup or "", found.end()
        if kind == "tag":
            kind = "dollar_string"
        if kind == "comment":
            end = _end_of_comment(text, position)
        if kind == "unclosed":
            what = _OPENING.get(found[0], found[0])
            raise _refused(f"does not close {what}", "every part of a statement must be whole")
        yield kind, text[position:end]
        position = end


def _end_of_comment(text: str, start: int) -> int:
    """Where a comment ends; comments nest."""
    depth = 0
    for edge in re.compile(_COMMENT_EDGE).finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    raise _refused("does not close a comment", "every part of a statement must be whole")


def _refused(what: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError(f"the SQL text {what}", hint=hint)
