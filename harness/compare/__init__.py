"""From observations to verdicts: normalise, find divergences, hold them against what was declared."""
