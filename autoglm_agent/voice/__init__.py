"""Speech synthesis behind a small protocol; espeak-ng by default, in a process of its own.

Text in, PCM with word marks out: `speech` has the protocol and its types, `espeak` the default implementation,
`clauses` cuts a growing answer into what can be said already, `output` turns speech into a client's format. It decides
neither what is said nor when it stops (`runtime`). Importing any of it loads neither espeak-ng nor its dictionaries.
"""
