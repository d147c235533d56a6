"""Frames from cameras, streams, recordings and photo files; plain Python, OpenCV and Pillow, no Qt."""
