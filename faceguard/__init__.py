"""faceguard: face access control for doors, from camera frame to grant or deny."""

from faceguard import environment

environment.prepare()

__version__ = "0.1.0"
