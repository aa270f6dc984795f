"""What /metrics shows: how much comes in, how long the road takes, how sends end. Counts only, no names."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The process's own registry, so that two houses in one test do not count together."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accepted = Counter("parley_messages_accepted", "Messages accepted", ["channel"], registry=self.registry)
        self.redelivered = Counter(
            "parley_messages_redelivered", "Deliveries of known messages", ["channel"], registry=self.registry
        )
        self.heard = Histogram(
            "parley_message_seconds",
            "From taking a message up to its replies in the ledger",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.failed = Counter("parley_messages_failed", "Messages given up", ["channel"], registry=self.registry)
        self.sends = Counter("parley_sends", "Sends by how they ended", ["channel", "state"], registry=self.registry)
        self.reply = Histogram(
            "parley_reply_seconds",
            "From a reply in the ledger to the platform's yes",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def page(self) -> bytes:
        return generate_latest(self.registry)
