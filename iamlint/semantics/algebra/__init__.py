"""The policy algebra: questions about all requests at once, answered exactly, with a witness."""
