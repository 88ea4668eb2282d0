"""Other vendors' realtime dialects, translated to and from the GA names without any I/O.

A dialect stands between the socket and a session: client frames go through `decode`, server events through `encode`,
and the shell asks `due` for what time brings (heartbeats, the end of a finished session). The GA core behind it knows
nothing of this, and what a dialect has no word for keeps its GA name.

File map: `detect` chooses a dialect and is where shells begin; `base` is the translation both share; `glm` and `qwen`
are what is special in each; `settings`, `items` and `input_stream` translate sessions, items and audio; `pending` knows
which requests and turns are still unanswered.
"""
