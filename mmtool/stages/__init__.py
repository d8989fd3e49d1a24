"""Files in, files out: one module a command, each callable from Python; nothing is printed.

Stages never import each other; they meet through files.
"""
