"""Training of the networks (needs the extra train: torch); nothing else in the program imports it."""
