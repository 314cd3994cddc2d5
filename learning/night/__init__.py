"""How a channel's lessons become an adapter."""
