"""Specifications of the plays: what each intent leads to, for whom."""
