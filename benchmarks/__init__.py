"""Benchmarks: asyncorm beside hand-written asyncpg, as ratios taken in one run."""
