"""What the house can do: each command a frozen dataclass with its permission, its effects and what they undo to."""
