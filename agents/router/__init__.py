"""Which strategy answers a question, why, and what each would cost."""
