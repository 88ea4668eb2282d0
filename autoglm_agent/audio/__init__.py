"""Sound before the network sees it: PCM formats, resampling, the sample clock, files, voice activity, endpointing.

Every streaming piece here carries its state, so that any chunking of the input gives the same output. This is not the
place for speech features or recognition (`model`, `engine`), nor for devices (`client`). No torch, no async.
"""
