"""Everything a call needs, on one machine. Import its modules: some of them take a second to load."""
