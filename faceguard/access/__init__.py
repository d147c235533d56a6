"""Who may enter, over time: pure rules over domain values, no clock, no camera, no window."""
