"""What a grant does in the world: one protocol, one file per device."""
