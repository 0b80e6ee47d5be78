"""What a run found, written for people and for programs: one module per format, no facts of its own."""
