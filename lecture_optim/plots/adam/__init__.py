"""The figures of Part 3, a module a chapter."""
