"""The concrete evaluator: one fully specified request against all policies that bear on it.

It is the definition of what policies mean; see `evaluate`.
"""
