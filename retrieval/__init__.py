"""From a file to the passages that bear on a question; knows no language model and no answer."""
