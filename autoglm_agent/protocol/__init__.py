"""The wire, without any I/O: bytes and text in, frozen commands out; facts in, JSON text out.

Shells (the server, the client, tests) own sockets, tasks and clocks. Nothing here imports torch, anyio or a web
framework, and nothing here decides when to speak, when to listen or what to answer: that is the runtime's work.

File map: `connection` is the realtime core and the place to start; `commands` is what it gives, `facts` what it takes;
`items` and `config` are the frozen values in both; `requests`, `conversation`, `output`, `response`, `input_audio`,
`transcripts` and `session` are its parts; `handshake` comes before them all; `wire/` holds the pydantic models; `chat`,
`chat_reply`, `models` and `rest_errors` are REST codecs.
"""
