"""Documents to Markdown. Each is read in a process of its own: what is in a file is hostile."""
