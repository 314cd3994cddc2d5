"""What is remembered. No torch here."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")  # bm25s starts jax where it is installed, and jax would take most of a graphics card's memory
