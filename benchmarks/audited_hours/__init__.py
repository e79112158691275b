"""The demo factory with an audit, without vision: `python -m benchmarks.audited_hours`."""
