"""Slots of time: days, hours and spans, in the words of two languages."""
