"""The version of iamlint, as a constant: reading package metadata costs more than a whole start."""

VERSION = "0.1.0"
