"""Visual inspection for factory lines: every part is seen, judged and accounted for."""

__version__ = "0.1.0"
