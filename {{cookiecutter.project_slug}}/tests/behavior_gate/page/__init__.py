"""What `--gate-report=FILE.html` shows: the times of each test, recorded and put into a page."""
