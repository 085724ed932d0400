"""Benchmarks from local files to examples; nothing is downloaded."""
