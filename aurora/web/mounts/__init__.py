"""What other programs than browsers call, mounted in the web desk: the MCP server and the scheduler extender."""
