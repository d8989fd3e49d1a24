"""Settings of every stage, a module each: the only place of defaults; each check names the option."""
