"""The logistic loss of a linear score: its gradient, its curvature, its convexity."""
