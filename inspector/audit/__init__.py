"""The audit log: a Merkle tree (RFC 6962) over stored bytes, with signed checkpoints (C2SP)."""
