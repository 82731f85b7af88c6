"""The figures of Part 4, a module a chapter."""
