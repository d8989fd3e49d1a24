"""Small narrated movies with a known alignment, for the demonstration and for tests."""
