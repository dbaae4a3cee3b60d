"""What stands in for the bench: electrolyte physics and simulated instruments behind PyVISA."""
