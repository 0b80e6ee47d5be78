"""The checks, family by family."""
