"""The control socket: JSON-RPC in, commands out, events back."""
