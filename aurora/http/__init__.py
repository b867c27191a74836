"""Requests of HTTP/1.1 on one thread of asyncio, within limits of time and size: what the servers of AURORA share."""
