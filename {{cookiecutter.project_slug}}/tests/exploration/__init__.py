"""Explores on a real database what else happens by chance.

- `interleavings` runs calls in every order of their statements.
- `interruptions` cancels a call wherever it waits, and ends its connection before each statement.

Knows nothing about the app, so it can be copied.
"""
