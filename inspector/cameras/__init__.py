"""Cameras: one file per kind, each a `ports.Camera`."""
