"""Records for other tools, and labels that were made in them (docs/export.md)."""
