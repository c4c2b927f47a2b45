"""How the model of authenticity is made and measured: `python -m training train|evaluate` (make train, make evaluate).

Not part of the installed package. Reads public research data beside the project (HEADCOUNT_DATA or ../shared/data).
"""
