"""CEL expressions: compiled against typed variables when a file is loaded, evaluated to a plain value or to a fault."""

import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from cel_expr_python import cel

Types = Mapping[str, Any]
"""What an expression may look at: the CEL type of each variable, by name; a name may have a dot (`deal.amount`)."""
STRING, DOUBLE, INT, BOOL = cel.Type.STRING, cel.Type.DOUBLE, cel.Type.INT, cel.Type.BOOL
TIMESTAMP, DYN, STRINGS = cel.Type.TIMESTAMP, cel.Type.DYN, cel.Type.List(cel.Type.STRING)

_LITERAL = re.compile(r"""[rR]?"(?:\\.|[^"\\])*"|[rR]?'(?:\\.|[^'\\])*'""")
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_AROUND_DOT = re.compile(r"\s*\.\s*(?=[A-Za-z_])")
_SCALES = re.compile(r"[-*/]\s*[A-Za-z_(\d]")
_COMMENT = re.compile(r"//[^\n]*")
_DIVISOR = re.compile(r"/\s*-?\s*((?:[A-Za-z_][\w.]*)?\s*\(|[A-Za-z_][\w.]*|[\d.]+)")
_COMPARED = re.compile(r"""(?<![\w.])([A-Za-z_][\w.]*)\s*(?:==|!=|in\b)\s*(\[[^\]]*\]|"[^"]*"|'[^']*')""")
_TOLD = re.compile(r"""(["'])(.*?)\1""")


class Compiler:
    """Compiles expressions over one set of variables. `choices` lists every value that some of them can have."""

    def __init__(self, types: Types, choices: Mapping[str, frozenset[str]] | None = None) -> None:
        self._environment = cel.NewEnv(variables=dict(types))
        self._names = frozenset(types)
        self._doubles = frozenset(name for name, type_ in types.items() if type_ == DOUBLE)
        self._choices = choices or {}

    def condition(self, text: Any) -> "Condition":
        """Return the compiled condition. Raises ValueError in one sentence where it is none: a name or a type that does
        not fit, a value that a field can never have, or a result that is neither true nor false."""
        if not isinstance(text, str):
            raise ValueError("an expression is needed here")
        test = self._compiled(text)
        if test.return_type() != BOOL:
            raise ValueError(f"an expression must be true or false, not {test.return_type().name().lower()}")
        self._demand_known_values(text)
        names = self._mentioned(text)
        bare = _bare(text)
        doubles = names & self._doubles
        return Condition(text, test, names, doubles, self._zeroes(bare), scales=bool(_SCALES.search(bare)))

    def _zeroes(self, bare: str) -> list[Any] | None:
        """A test of each divisor for being zero; None where they cannot all be told apart."""
        divisors = _divisors(bare)
        if len(divisors) < bare.count("/"):
            return None
        try:
            return [self._compiled(f"double({one}) == 0.0") for one in divisors]
        except ValueError:  # the name of a list's member, say, that has no meaning outside
            return None

    def _compiled(self, text: str) -> Any:
        try:
            return self._environment.compile(text)
        except RuntimeError as error:
            raise ValueError(self._helped(_plain(str(error)), text)) from None
        except (UnicodeError, TypeError):  # half a character is no text to the library
            raise ValueError("an expression is text that can be written down") from None

    def _helped(self, problem: str, text: str) -> str:
        """What the library says, with the name that was probably meant."""
        if "operand of a select operation" in problem:  # a known name with an unknown one behind it
            bare = _AROUND_DOT.sub(".", _bare(text))
            unknown = (path for path in _PATH.findall(bare) if self._longest(path) not in (None, path))
            problem = f"undeclared reference to '{next(unknown, text)}'"
        name = problem.partition("undeclared reference to '")[2].partition("'")[0]
        near = get_close_matches(name, self._names, n=1) if name else []
        return f"{problem}; perhaps {near[0]}" if near else problem

    def _mentioned(self, text: str) -> frozenset[str]:
        bare = _AROUND_DOT.sub(".", _bare(text))
        return frozenset(name for path in _PATH.findall(bare) if (name := self._longest(path)) is not None)

    def _longest(self, path: str) -> str | None:
        """The variable that a path begins with: `command.name` of `command.name.startsWith`."""
        parts = path.split(".")
        starts = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((start for start in starts if start in self._names), None)

    def _demand_known_values(self, text: str) -> None:
        for name, values in _COMPARED.findall(text):
            known = self._choices.get(name)
            if known is None:
                continue
            for _, value in _TOLD.findall(values):
                if value not in known:
                    raise ValueError(f"{name} is never '{value}'; it is one of {', '.join(sorted(known))}")


class Condition:
    """One compiled expression that is true or false. `names` are the variables that stand in it."""

    def __init__(
        self, text: str, test: Any, names: frozenset[str], doubles: frozenset[str], zeroes: list[Any] | None, *, scales: bool
    ) -> None:
        self.text = text
        self.names = names
        self._test = test
        self._doubles = doubles
        self._zeroes = zeroes
        self._scales = scales

    def holds(self, values: Mapping[str, Any]) -> bool | None:
        """Whether it holds; None where it cannot be evaluated (a value is missing, a division by zero, a number that is
        none). Never raises."""
        try:
            seen = {name: values[name] for name in self.names if name in values}
            if self._is_beyond_counting(seen):
                return None
            value = self._test.eval(data=seen).value()
            if value is False and self._may_divide_by_zero(seen):
                return None
        except Exception:  # the library raises bare RuntimeError and TypeError, and returns errors as text
            return None
        return value if isinstance(value, bool) else None

    def is_constant(self) -> bool | None:
        """What it always is, whatever it looks at; None where that depends."""
        return self.holds({})

    def mentions(self, name: str) -> bool:
        """Whether a variable stands in it."""
        return name in self.names

    def _may_divide_by_zero(self, seen: Mapping[str, Any]) -> bool:
        """Whether a no may come of comparing with 0/0, which is quietly false."""
        if self._zeroes is None:
            return True
        return any(one.eval(data=seen).value() is True for one in self._zeroes)

    def _is_beyond_counting(self, seen: Mapping[str, Any]) -> bool:
        """Whether a number is none, or boundless where it is reckoned with: comparing what comes of that says no quietly."""
        for name in self._doubles:
            value = seen.get(name)
            if isinstance(value, float) and (math.isnan(value) or (self._scales and math.isinf(value))):
                return True
        return False


def _bare(text: str) -> str:
    """An expression without what stands in quotes and in comments."""
    return _COMMENT.sub("", _LITERAL.sub('""', text))


def _divisors(bare: str) -> list[str]:
    """What the expression divides by, as text; a bracket with all that is in it."""
    found = []
    for match in _DIVISOR.finditer(bare):
        start, end = match.span(1)
        if not match.group(1).endswith("("):
            found.append(bare[start:end])
            continue
        depth = 1
        while end < len(bare) and depth:
            depth += {"(": 1, ")": -1}.get(bare[end], 0)
            end += 1
        found.append(bare[start:end])
    return found


def _plain(error: str) -> str:
    """The library's message without its position art, with what helps where a whole number meets a double."""
    first = error.split("\n", 1)[0].split("ERROR: ", 1)[-1]
    text = first.split(": ", 1)[-1].removesuffix(" [INVALID_ARGUMENT]").replace(" (in container '')", "")
    return f"{text} (write a double with a point: 20.0)" if "(double, int)" in text else text
