"""Scores answers; knows answers, not the agents that made them."""
