"""The demonstration: simulated people before the real pipeline, gallery, session and window."""
