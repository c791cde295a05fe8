"""Where work is done: the devices of this machine, child processes, a Ray cluster."""
