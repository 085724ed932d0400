"""Readers: each turns one kind of file into pages of clean text."""
