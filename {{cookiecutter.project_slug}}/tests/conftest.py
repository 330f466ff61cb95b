"""The tests have the fixtures of these plugins, and the behavior gate.

- `isolation/fixtures.py`: `session` and `client` share one transaction, which is rolled back after
  the test. With `@pytest.mark.real_commits`, or as `concurrent_client`, they have a database of
  their own, with a pool and real commits. `app` is the running app, and `connect_websocket` opens
  WebSockets.
- `exploration/fixtures.py`: `interleavings` runs calls in every order of their statements, and
  `interruptions` interrupts a call wherever that can happen.
- `postgres/fixtures.py`: `databases`, the migrated template database and its clones.
- `app_under_test.py`: how this app is migrated and started, and its users.

A fixture that is defined here replaces the one of the same name.
"""

# The package of this folder, if it is one.
PACKAGE = f"{__package__}." if __package__ else ""

# Tests run on a debug-mode event loop, and every async defect fails the test that caused it.
pytest_plugins = [
    f"{PACKAGE}behavior_gate",
    f"{PACKAGE}postgres.fixtures",
    f"{PACKAGE}isolation.fixtures",
    f"{PACKAGE}exploration.fixtures",
    f"{PACKAGE}app_under_test",
]
