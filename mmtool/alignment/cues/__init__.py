"""The times that a text itself has: whether they are those of the film, and which clips they are about."""
