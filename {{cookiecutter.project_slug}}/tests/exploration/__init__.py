"""Explores on a real database what else happens by chance.

- `interleavings` runs calls in every order of their statements.

Knows nothing about the app, so it can be copied.
"""
