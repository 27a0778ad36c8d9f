"""One file per engine: what turns its library into chunks. Imported in the worker's process alone."""
