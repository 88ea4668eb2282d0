"""The network: eyes, ears, gate and backbone, with their checkpoint format. Not here: scheduling, sessions, sockets."""
