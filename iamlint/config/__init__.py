"""Configuration: the settings of a run from files, variables and options, and where each came from."""
