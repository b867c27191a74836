"""The web desk: pages, HTTP API and probes of one process, over the functions that the command line calls.

It may import everything but `aurora.cli`. NiceGUI is imported by `aurora.web.app`, `aurora.web.design` and
`aurora.web.pages` only.
"""
