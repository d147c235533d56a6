"""Small parts that several pages share, one widget a file."""
