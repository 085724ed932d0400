"""Keys and values of a text that a model has read: in memory, on disk, and found again; knows no model."""
