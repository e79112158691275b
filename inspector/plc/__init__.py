"""PLCs: one session per PLC, verdicts out, triggers and decisions in."""
