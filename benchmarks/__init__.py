"""What the README claims about speed and quality, runnable; not in the wheel."""
