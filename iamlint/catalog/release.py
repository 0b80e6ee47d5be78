"""The date of the catalogue's data. Written by scripts/update_catalog.py; do not edit."""

CATALOG_DATE: str = "2026-09-26"
"""Day of the action data, as YYYY-MM-DD."""
