"""What the commands do once their arguments are read: asking, transcribing, the demonstration.

Reading arguments and choosing exit codes is `cli`'s. Nothing heavy is imported here; each command pays for its own.
"""
