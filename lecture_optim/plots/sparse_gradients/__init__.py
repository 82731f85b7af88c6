"""The figures of Part 1, a module a chapter."""
