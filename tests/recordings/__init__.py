"""Recordings: sealed, asked about, queued, listened to, deleted."""
