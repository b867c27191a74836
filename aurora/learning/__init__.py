"""The classic module, which needs no language model: series, forecasts, trained networks, cloned experts, advice.

May import from `aurora.sim`. Each part works alone as a library.
"""
