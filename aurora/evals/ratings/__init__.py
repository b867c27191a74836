"""People's ratings of explanations: blind forms with planted errors, their reading, and their summary."""
