"""The SQLite database: people and their templates, events, PIN hashes. SQL is written here and nowhere else."""
