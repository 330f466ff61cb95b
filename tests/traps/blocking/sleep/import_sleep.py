"""The module sleeps when it is imported."""

import time


def ready() -> None: ...


time.sleep(0.001)  # <-
