"""A realtime multimodal agent runtime: it hears, sees and thinks while the user is still speaking.

Importing this package is cheap on purpose: it loads neither torch nor a web framework. Import the room you need.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
