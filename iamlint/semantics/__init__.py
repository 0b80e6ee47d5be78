"""What IAM means: patterns, actions, resources, principals and conditions, as the service reads them."""
