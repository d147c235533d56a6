"""What can be set, where it is stored, and where the program keeps its data."""
