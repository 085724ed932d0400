"""Sparse attention over tensors: masks, which keys to read, how they are scored, and backends; knows no model."""
