"""What is said: commands and tools, talk, memory, reasoning, refusals, as text. No torch in here."""
