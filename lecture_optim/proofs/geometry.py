"""Two norms: when AdaGrad's bound is the smaller one, and the one-hot stream."""
