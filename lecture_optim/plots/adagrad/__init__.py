"""The figures of Part 2, a module a chapter."""
