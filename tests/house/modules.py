"""The source as the house rules look at it: each module with its path, its syntax tree and what it imports."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "actions", "intents", "retrieval", "voice")


@dataclass(frozen=True)
class Module:
    """`path` is relative to the repository, with slashes."""

    path: str
    tree: ast.Module

    @property
    def imports(self) -> frozenset[str]:
        """The full names of imported modules, wherever in the file they are imported."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                found.add(node.module)
        return frozenset(found)


@cache
def modules(*rooms: str) -> tuple[Module, ...]:
    """Every module of these rooms; of the whole product when none is named."""
    files = [path for room in rooms or ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return tuple(Module(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in files)
