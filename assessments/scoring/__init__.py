"""The engine: rule language, derived quantities, gates, value, weights, verdict.

NumPy and SciPy only; no Django, no database, no clock, no global random state.
"""
