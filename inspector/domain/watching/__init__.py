"""Watches for drift: rejects, scores, audit finds; limits from one budget of false alarms."""
