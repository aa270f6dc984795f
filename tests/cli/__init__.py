"""The `parley` program as an operator meets it: help, wrong use, failures, and what goes through a pipe."""
