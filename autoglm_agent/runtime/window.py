"""What of a long conversation the model still sees: `truncation` of the Realtime API.

The oldest exchanges are left out when the context overflows, several at once: every cut makes the cached keys behind it
worthless, so cuts must be rare. The conversation itself, which the client can see, is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence

from autoglm_agent.protocol.items import Item, MessageItem


class HistoryWindow:
    """The visible end of one conversation."""

    def __init__(self) -> None:
        self._first_id: str | None = None

    def visible(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """The items the model sees: those from the last cut on, and system messages of any age."""
        start = next((index for index, item in enumerate(items) if item.id == self._first_id), 0)
        instructions = (item for item in items[:start] if isinstance(item, MessageItem) and item.role == "system")
        return (*instructions, *items[start:])

    def shrink(self, items: Sequence[Item], retention_ratio: float) -> bool:
        """Leave out more, up to the beginning of an exchange: about `retention_ratio` of the visible items stays.

        False: only the last exchange is left.
        """
        visible = self.visible(items)
        beginnings = [
            index
            for index in range(1, len(visible))
            if _is_user(visible[index]) and not _is_user(visible[index - 1]) and not _is_system(visible[index - 1])
        ]
        if not beginnings:
            return False
        wanted = (1 - retention_ratio) * len(visible)
        self._first_id = visible[next((index for index in beginnings if index >= wanted), beginnings[-1])].id
        return True


def _is_user(item: Item) -> bool:
    return isinstance(item, MessageItem) and item.role == "user"


def _is_system(item: Item) -> bool:
    return isinstance(item, MessageItem) and item.role == "system"
