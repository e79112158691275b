"""Values and rules, pure: no clock, no file, no network."""
