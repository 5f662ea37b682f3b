"""From verdicts to what people and programs read."""
