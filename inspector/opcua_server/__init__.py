"""What our OPC UA servers have in common: who gets in, how much one may ask for, what was read."""
