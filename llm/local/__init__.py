"""A language model in this process: transformers' weights and layers, our attention, our cache."""
