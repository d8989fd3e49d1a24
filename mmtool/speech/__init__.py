"""The sound of films → what is said in it."""
