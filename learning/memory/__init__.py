"""What is remembered. No torch here."""
