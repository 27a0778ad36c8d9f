"""The running program: what is built from the settings, in which order, and what steers it."""
