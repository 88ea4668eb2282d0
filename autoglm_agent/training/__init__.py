"""How the weights came to be: corpus, training stages, distillation, pruning, quantisation, evaluation.

Everything is seeded and deterministic. Nothing that serves a user imports this package.
"""
