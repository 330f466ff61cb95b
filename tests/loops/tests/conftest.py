"""Loads the gate, and nothing else that a project of ours has."""

pytest_plugins = ["tests.behavior_gate", "shop_fixtures"]
