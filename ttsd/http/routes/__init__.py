"""The routes, a topic a file."""
