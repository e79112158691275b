"""Advice and reports from files that people write: charter, study, pilot, business case."""
