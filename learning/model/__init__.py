"""What speaks: the base model, its rendering, the engine and the client for engines."""
