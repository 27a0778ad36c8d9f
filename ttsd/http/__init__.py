"""The HTTP API: the daemon's commands for web pages, phones and other programs. The only room with asyncio."""
