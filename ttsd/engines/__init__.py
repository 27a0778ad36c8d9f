"""Engines as processes that speak Wyoming's bytes, and the chain that tries them in order."""
