"""The `darkroom` command: as a process where it is about processes, in process otherwise."""
