"""Command line, settings, and the one place where the parts are put together."""
