"""Specifications of understanding: dictionary, features, phrases, names, slots, model, training and commands."""
