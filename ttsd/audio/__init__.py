"""Outputs and what is done to sound on its way to them. Knows nothing of engines or sources."""
