"""Arrays that other programs computed, in any usual file → the rows of each film or text."""
