"""What the system tests stand on: processes, programs, clients."""
