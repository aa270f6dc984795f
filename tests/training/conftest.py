"""Without torch there is nothing to collect here: `make test` runs where only the running copilot is installed."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]
