"""Pictures of a simulated door: heads, prints and screens in front of a wall, seen by a simulated sensor.

Coordinates of a head, in units of its eye distance (about 63 mm): origin between the eyes, x to the right of the
picture (the person's own left), y down, z towards the camera. Angles in degrees; a positive yaw turns the nose to +x.
Positions in a picture are fractions of its width and height, so that scenes fit any resolution.
"""
