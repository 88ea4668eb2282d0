"""How well it learnt: sets that were never trained on, scores, the table and the model card."""
