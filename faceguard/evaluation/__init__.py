"""Error rates of networks and of the door, measured the way of ISO/IEC 19795-1, and the times they take."""
