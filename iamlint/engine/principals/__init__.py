"""Principals with all that they hold: joined over files, judged together, and who can become whom."""
