"""The budgets of this product, measured: `python -m benchmarks` (docs/benchmarks.md)."""
