"""Programs that write parts of the documentation: reference pages and figures."""
