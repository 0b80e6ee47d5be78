"""Sources: each turns one format into policies, grants and diagnostics, and knows nothing of rules."""
