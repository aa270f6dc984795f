"""Thresholds, limits and who may confirm, as data that operations people edit."""
