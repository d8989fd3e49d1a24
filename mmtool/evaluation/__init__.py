"""How right an alignment is: pure functions on intervals."""
