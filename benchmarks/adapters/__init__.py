"""The libraries under test, one a file; each file has one class, ``Library``."""
