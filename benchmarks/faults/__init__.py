"""What each fault costs, counted exactly: marked parts, a real PLC's server, the real line."""
