"""CEL expressions: compiled against typed variables when a file is loaded, evaluated to a plain value or to a fault."""

from collections.abc import Mapping
from typing import Any

from cel_expr_python import cel

Types = Mapping[str, Any]
"""What an expression may look at: the CEL type of each variable, by name."""
STRING, DOUBLE, INT, BOOL = cel.Type.STRING, cel.Type.DOUBLE, cel.Type.INT, cel.Type.BOOL


class Compiler:
    """Compiles expressions over one set of variables."""

    def __init__(self, types: Types) -> None:
        self._environment = cel.NewEnv(variables=dict(types))

    def condition(self, text: Any) -> "Condition":
        """Return the compiled condition. Raises ValueError in one sentence where it is none: a name or a
        type that does not fit, or a result that is neither true nor false."""
        if not isinstance(text, str):
            raise ValueError("an expression is needed here")
        try:
            test = self._environment.compile(text)
        except RuntimeError as error:
            raise ValueError(_plain(str(error))) from None
        if test.return_type() != BOOL:
            raise ValueError(f"an expression must be true or false, not {test.return_type().name().lower()}")
        return Condition(text, test)


class Condition:
    """One compiled expression that is true or false."""

    def __init__(self, text: str, test: Any) -> None:
        self.text = text
        self._test = test

    def holds(self, values: Mapping[str, Any]) -> bool | None:
        """Whether it holds; None where it cannot be evaluated (a division by zero, say). Never raises."""
        try:
            value = self._test.eval(data=dict(values)).value()
        except Exception:  # the library raises bare RuntimeError and TypeError, and returns errors as text
            return None
        return value if isinstance(value, bool) else None

    def mentions(self, name: str) -> bool:
        """Whether a variable stands in it."""
        words = "".join(letter if letter.isalnum() or letter == "_" else " " for letter in self.text).split()
        return name in words


def _plain(error: str) -> str:
    """The library's message without its position art, with what helps where a whole number meets a double."""
    first = error.split("\n", 1)[0].split("ERROR: ", 1)[-1]
    text = first.split(": ", 1)[-1].removesuffix(" [INVALID_ARGUMENT]").replace(" (in container '')", "")
    return f"{text} (write a double with a point: 20.0)" if "(double, int)" in text else text
