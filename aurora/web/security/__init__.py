"""Who may call the server: token, Host and Origin, CSRF, limits and headers, each a plain ASGI middleware."""
