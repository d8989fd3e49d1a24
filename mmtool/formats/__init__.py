"""The only code that knows bytes on disk: a read/write pair for each kind of file."""
