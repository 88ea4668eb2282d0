"""The network: gating, vision, speech, backbone, attention, caches, processor, checkpoints, quantisation.

Streaming state and key-value caches are passed in and returned; a module holds weights and nothing of a session. This is
not the place for scheduling (`engine`), for training loops (`training`), or for anything asynchronous.
"""
