"""What a service manager wants of a daemon: systemd's notifications and watchdog, units and their installation, Windows."""
