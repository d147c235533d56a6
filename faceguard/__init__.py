"""faceguard: face access control for doors, from camera frame to grant or deny."""

__version__ = "0.1.0"
