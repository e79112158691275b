"""Model packages, the device they run on, and what they see in a picture."""
