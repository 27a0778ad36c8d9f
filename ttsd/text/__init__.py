"""From a line to what is spoken: pure functions of text."""
