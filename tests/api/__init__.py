"""The JSON API, settings, doctor and logs, as whoever runs the house or builds on it meets them."""
