"""A job queue in PostgreSQL: SKIP LOCKED hands jobs out, NOTIFY wakes who waits for them."""
