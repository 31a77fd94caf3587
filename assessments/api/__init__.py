"""The API under /api/v1/: one file a topic. It translates requests into reads and services, and refusals into problems."""
