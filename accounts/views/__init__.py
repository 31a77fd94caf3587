"""Pages of people and organizations, one file a topic."""
