"""The `darkroom` command: one module per subcommand, and what they share to reach the data. Sits above every feature."""
