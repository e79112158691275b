"""Files of a stream that was recorded elsewhere, and the figures of it."""
