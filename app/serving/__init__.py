"""An OpenAI-compatible server around a model in this process."""
