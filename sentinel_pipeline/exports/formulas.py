"""Formulas of computed columns, understood: a small language of numbers, columns and aggregates, never Python's own.

expression = term {("+" | "-") term};  term = factor {("*" | "/") factor};  factor = "-" factor | value
value = number | column | "(" expression ")" | "ROUND" "(" expression "," digits ")" | aggregate
aggregate = ("SUM" | "AVG" | "MIN" | "MAX") "(" expression ")" | "COUNT" "(" ("*" | expression | column
            | "DISTINCT" (column | "DATE" "(" column ")")) ")"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, TypeAlias

import polars as pl

from sentinel_pipeline.domain.errors import UsageError

MOST_CHARACTERS: Final = 500
MOST_NESTED: Final = 32
MOST_DIGITS: Final = 15
REDUCTIONS: Final = ("SUM", "AVG", "MIN", "MAX")
FUNCTIONS: Final = ("ROUND", *REDUCTIONS, "COUNT")
TOKEN: Final = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>[-+*/(),])|(?P<blank>\s+)|(?P<other>.)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Name:
    """A column; one of numbers everywhere but directly inside COUNT."""

    column: str


@dataclass(frozen=True)
class Operation:
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Rounded:
    of: Node
    digits: int


@dataclass(frozen=True)
class Aggregate:
    """One number for all rows; `of` None: COUNT(*)."""

    function: str
    of: Node | None


@dataclass(frozen=True)
class Distinct:
    """How many values (`is_date`: calendar days) a column has."""

    column: str
    is_date: bool


Node: TypeAlias = Number | Name | Operation | Rounded | Aggregate | Distinct


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    place: int


@dataclass(frozen=True)
class Known:
    """Columns a formula may name, and those among them that must not be counted."""

    schema: Mapping[str, pl.DataType]
    withheld: frozenset[str] = frozenset()


def parsed(text: str, known: Known, start: int = 0) -> Node:
    """The formula that begins at index `start` of the text.

    Raises UsageError, which says the column of the text (from 1), for a mistake, an unknown or unfit column, and for
    more than MOST_CHARACTERS or MOST_NESTED.
    """
    if len(text) > MOST_CHARACTERS:
        raise mistake(text, MOST_CHARACTERS, f"a formula has at most {MOST_CHARACTERS} characters")
    parser = _Parser(text, known, list(_tokens(text, start)))
    node = parser.expression()
    if parser.next.kind != "end":
        raise mistake(text, parser.next.place, f"an operator or the end is expected, not '{parser.next.text}'")
    return node


def mistake(text: str, place: int, what: str) -> UsageError:
    shown = "".join(sign if sign.isprintable() else "�" for sign in text[:MOST_CHARACTERS])
    return UsageError(f"--compute '{shown}', column {place + 1}: {what}")


def _tokens(text: str, start: int) -> Iterator[Token]:
    for match in TOKEN.finditer(text, start):
        if match.lastgroup == "other":
            shown = match[0] if match[0].isprintable() else f"U+{ord(match[0]):04X}"
            raise mistake(text, match.start(), f"'{shown}' has no meaning here")
        if match.lastgroup not in (None, "blank"):
            yield Token(str(match.lastgroup), match[0], match.start())
    yield Token("end", "the end", len(text))


@dataclass
class _Parser:
    text: str
    known: Known
    tokens: list[Token]
    at: int = 0
    depth: int = 0
    inside: str | None = field(default=None)

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.next
        self.at += token.kind != "end"
        return token

    def is_sign(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.text in signs

    def is_word(self, word: str) -> bool:
        return self.next.kind == "word" and self.next.text.upper() == word

    def require(self, sign: str) -> None:
        if not self.is_sign(sign):
            raise mistake(self.text, self.next.place, f"'{sign}' is expected, not '{self.next.text}'")
        self.take()

    def expression(self) -> Node:
        node = self.term()
        while self.is_sign("+", "-"):
            node = Operation(self.take().text, node, self.term())
        return node

    def term(self) -> Node:
        node = self.factor()
        while self.is_sign("*", "/"):
            node = Operation(self.take().text, node, self.factor())
        return node

    def factor(self) -> Node:
        """Every way down to a part of a part leads through here."""
        if self.depth == MOST_NESTED:
            raise mistake(self.text, self.next.place, f"nested more than {MOST_NESTED} deep")
        self.depth += 1
        node = self._negative() if self.is_sign("-") else self._value()
        self.depth -= 1
        return node

    def _negative(self) -> Node:
        self.take()
        return Operation("*", Number(-1.0), self.factor())

    def _value(self) -> Node:
        token = self.take()
        if token.kind == "number":
            value = float(token.text)
            if not isfinite(value):
                raise mistake(self.text, token.place, "a number too large")
            return Number(value)
        if token.kind == "word":
            return self._call(token) if self.is_sign("(") else self._numeric(token)
        if token.text == "(" and token.kind == "sign":
            node = self.expression()
            self.require(")")
            return node
        raise mistake(self.text, token.place, f"a number, a column or a function is expected, not '{token.text}'")

    def _call(self, token: Token) -> Node:
        function = token.text.upper()
        if function not in FUNCTIONS:
            raise mistake(self.text, token.place, f"'{token.text}' is no function; there are {', '.join(FUNCTIONS)}")
        self.require("(")
        if function == "ROUND":
            node: Node = Rounded(self.expression(), self._digits())
        else:
            node = self._aggregate(token, function)
        self.require(")")
        return node

    def _digits(self) -> int:
        self.require(",")
        token = self.take()
        if not re.fullmatch("[0-9]{1,2}", token.text) or int(token.text) > MOST_DIGITS:
            raise mistake(self.text, token.place, f"ROUND takes 0 to {MOST_DIGITS} decimals, not '{token.text}'")
        return int(token.text)

    def _aggregate(self, token: Token, function: str) -> Node:
        if self.inside:
            raise mistake(self.text, token.place, f"{function} inside {self.inside}: compute a column of it first")
        self.inside = function
        node = self._counted() if function == "COUNT" else Aggregate(function, self.expression())
        self.inside = None
        return node

    def _counted(self) -> Node:
        if self.is_sign("*"):
            self.take()
            return Aggregate("COUNT", None)
        following = self.tokens[self.at + 1 : self.at + 2]
        if self.is_word("DISTINCT") and following and following[0].kind == "word":
            self.take()
            return self._distinct()
        if self.next.kind == "word" and following and following[0].text == ")":
            return Aggregate("COUNT", Name(self._column(self.take())))
        return Aggregate("COUNT", self.expression())

    def _distinct(self) -> Node:
        if not self.is_word("DATE") or self.tokens[self.at + 1].text != "(":
            return Distinct(self._column(self.take()), is_date=False)
        self.take()
        self.require("(")
        token = self.take()
        column = self._column(token)
        if not isinstance(self.known.schema[column], pl.Datetime):
            raise mistake(self.text, token.place, f"{column} is no time; DATE takes one")
        self.require(")")
        return Distinct(column, is_date=True)

    def _column(self, token: Token) -> str:
        """Of any type, to be counted."""
        if token.kind != "word" or token.text not in self.known.schema:
            names = ", ".join(self.known.schema)
            raise mistake(self.text, token.place, f"'{token.text}' is no column; there are {names}")
        if token.text in self.known.withheld:
            raise mistake(self.text, token.place, f"{token.text} is personal, and --privacy keeps it back")
        return token.text

    def _numeric(self, token: Token) -> Name:
        numbers = [name for name, dtype in self.known.schema.items() if dtype.is_numeric()]
        if token.text not in numbers:
            why = "is no column of numbers" if token.text in self.known.schema else "is no column"
            raise mistake(self.text, token.place, f"'{token.text}' {why}; there are {', '.join(numbers) or 'none'}")
        return Name(token.text)
