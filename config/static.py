"""What WhiteNoise adds to static files, which it answers before the middleware of pages."""

# A static file is a part of a page; opened by itself it may load and run nothing.
STATIC_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)


def static_headers(headers, path, url):
    """Set the headers of one static file; WhiteNoise calls it with the file's path and URL."""
    headers["Content-Security-Policy"] = STATIC_POLICY
    headers["X-Frame-Options"] = "DENY"
