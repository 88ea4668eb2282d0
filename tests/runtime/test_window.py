"""Long conversations: what is left out, and how seldom."""

from __future__ import annotations

from autoglm_agent.protocol.items import MessageItem, TextContent
from autoglm_agent.runtime.window import HistoryWindow


def dialogue(exchanges: int) -> list[MessageItem]:
    items = [MessageItem(id="system", role="system", content=(TextContent(text="你是小智"),))]
    for number in range(exchanges):
        items.append(MessageItem(id=f"u{number}", role="user", content=(TextContent(text="问"),)))
        items.append(MessageItem(id=f"a{number}", role="assistant", content=(TextContent(text="答"),)))
    return items


def test_a_cut_leaves_out_several_exchanges_and_keeps_the_instructions() -> None:
    items, window = dialogue(10), HistoryWindow()
    assert window.visible(items) == tuple(items)
    assert window.shrink(items, 0.6)
    seen = window.visible(items)
    assert seen[0].id == "system"
    assert seen[1].id.startswith("u")
    assert seen[-1] is items[-1]
    assert len(seen) <= 0.7 * len(items)
    longer = [*items, *dialogue(1)[1:]]
    assert window.visible(longer)[: len(seen)] == seen  # no further cut: the cached keys stay true


def test_the_last_exchange_is_never_left_out() -> None:
    items, window = dialogue(7), HistoryWindow()
    cuts = 0
    while window.shrink(items, 0.6):
        cuts += 1
    assert [item.id for item in window.visible(items)] == ["system", "u6", "a6"]
    assert cuts <= 7


def test_a_deleted_beginning_shows_everything_again() -> None:
    items, window = dialogue(6), HistoryWindow()
    window.shrink(items, 0.6)
    first = window.visible(items)[1]
    rest = [item for item in items if item is not first]
    assert window.visible(rest) == tuple(rest)
