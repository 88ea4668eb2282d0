"""Speech synthesis behind a small protocol; espeak-ng by default, in a process of its own.

Text in, PCM with word marks out. It decides neither what is said nor when it stops (`runtime`).
"""
