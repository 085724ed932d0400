"""Strategies: from a question and documents to an answer whose citations are checked."""
