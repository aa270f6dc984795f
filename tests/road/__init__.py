"""What lasts: memory, inbox, ledger of sends, timers."""
