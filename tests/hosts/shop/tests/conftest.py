pytest_plugins = ["tests.behavior_gate"]
