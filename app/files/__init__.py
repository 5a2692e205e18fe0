"""Files: committing uploads, replacing content, metadata, copies, figures (files.md §1, §3–§6)."""
