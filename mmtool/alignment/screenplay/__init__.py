"""Screenplays beside what is said in their films: dialogue by its words, the rest between the dialogues."""
