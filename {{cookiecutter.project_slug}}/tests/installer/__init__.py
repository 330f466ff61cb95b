"""Installs the gate and the fixtures in another repository: see ../install.py."""
