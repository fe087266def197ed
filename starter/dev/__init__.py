"""Everything a call needs, in one process. Import its modules: some of them take a second to load."""
