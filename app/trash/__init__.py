"""The trash: /trash/* and POST /files/trash (files.md §9)."""
