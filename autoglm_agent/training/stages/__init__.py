"""How nano learns: the stages (ears, eyes, fusion), what they share, and the recipe that runs them all."""
