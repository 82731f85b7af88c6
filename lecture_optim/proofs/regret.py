"""Online convex optimization: projected descent, the norm-adaptive bound, from regret to a point."""
