"""The line: tracks parts, judges, speaks to the PLC. No vendor code, no model, no database."""
