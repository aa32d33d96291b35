"""Learning to play: environment, algorithms in JAX, run folders. Needs the extra ``train``."""
