"""The commands of `darkroom bridge`."""
