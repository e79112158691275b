"""Builds every process of a gateway from its parts; `python -m inspector.gateway NAME` runs one."""
