"""Judgement and deeds, rule by rule."""
