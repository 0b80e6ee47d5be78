"""The rule engine: rules are data, checks are functions, and only what could fire is run."""
