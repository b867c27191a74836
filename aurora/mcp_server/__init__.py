"""The MCP server: what is open, for programs that speak the Model Context Protocol.

It offers the tools of `aurora.tools` that read, and with leave those that write plans. None applies a plan: a person
does. It imports `aurora.graphs` and what lies below.
"""

from aurora.mcp_server.server import McpSettings, create_server

__all__ = ["McpSettings", "create_server"]
