"""Turn taking: texts with their ends and their pauses, and the small network that tells one from the other."""
