"""When something is in the way: no microphone, no place, no key, no connection. A person is told what and what to do."""

from __future__ import annotations

import pytest

from autoglm_agent.engine.scripted import Script, ScriptedReply
from tests.page.browser import launched, opened
from tests.page.conftest import house

pytestmark = pytest.mark.timeout(90)

LONG = "从前有一座山，山里有一座庙，庙里有一个老和尚。" * 2
SCRIPT = Script(replies=(ScriptedReply(text=LONG, when="故事"), ScriptedReply(text="你好，我在听。")))
DONE = "autoglm.conversation.turns.at(-1)?.status === 'done'"


def write(page, text: str) -> None:
    page.fill("#message", text)
    page.press("#message", "Enter")


@pytest.fixture(scope="module")
def scripted():
    with house(SCRIPT) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium):
    with launched(chromium) as running:
        yield running


@pytest.mark.parametrize(("locale", "words"), [("en-US", "microphone was refused"), ("zh-CN", "麦克风被拒绝了")])
def test_a_refused_microphone_is_told_and_typing_still_works(chromium, scripted, locale, words) -> None:
    with launched(chromium, allows=False) as browser, opened(browser, scripted.url, locale=locale) as watched:
        page = watched.page
        page.click("#hero-mic")
        notice = watched.notice("no_mic_refused")
        pressed = page.get_attribute("#mic", "aria-pressed")
        write(page, "你好")
        watched.until(DONE)
        reply = page.inner_text(".reply")
    assert words in notice
    assert pressed == "false"
    assert reply == "你好，我在听。"
    assert watched.complaints == []


def test_without_a_microphone_the_page_says_so(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        watched.page.evaluate(
            "void (navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('none', 'NotFoundError') })"
        )
        watched.page.click("#hero-mic")
        assert "There is no microphone" in watched.notice("no_mic_missing")
        watched.page.click("#notice-close")
        assert not watched.page.is_visible("#notice")


def test_a_full_server_is_told_with_a_time_and_tried_again(browser) -> None:
    with house(SCRIPT, max_sessions=1) as full, opened(browser, full.url) as first:
        write(first.page, "你好")
        first.until(DONE)
        with opened(browser, full.url) as second:
            notice = second.notice("full")
            status = second.page.inner_text("#status")
            write(second.page, "你好吗")
            again = second.notice("full")
            kept = second.page.input_value("#message")
            first.page.context.close()  # hangs up: the place is free at once, not after the grace
            second.page.click("#notice-act")
            second.until(DONE)
            reply = second.page.inner_text(".reply")
            is_told = second.page.is_visible("#notice")
        assert second.complaints == []
    assert "The server is full. Trying again in" in notice and "Unavailable" in status
    assert "full" in again
    assert kept == "你好吗"
    assert reply == "你好，我在听。"
    assert not is_told


def test_a_server_that_asks_for_a_key_gets_it_from_the_settings(browser) -> None:
    with house(SCRIPT, api_keys="secret") as locked, opened(browser, locked.url) as watched:
        page = watched.page
        assert "API key" in watched.notice("key")
        page.click("#notice-act")
        focused = page.evaluate("document.activeElement.name")
        page.keyboard.type("secret")
        page.keyboard.press("Tab")
        watched.until("document.getElementById('status').dataset.state === 'off'")
        page.click("#drawer-close")
        write(page, "你好")
        watched.until(DONE)
        kept = page.evaluate("[JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage})]")
    assert focused == "key"
    assert "secret" not in kept[0] and "secret" in kept[1]
    assert watched.complaints == []


def test_a_dropped_connection_is_told_and_costs_neither_a_word_nor_an_event(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        page = watched.page
        write(page, "讲个故事")
        watched.until("autoglm.speaker.totalMs > 600")
        session_id = page.evaluate("autoglm.session.token")
        scripted.wire.is_down = True
        scripted.cut()
        notice = watched.notice("reconnecting")
        status = page.inner_text("#status")
        write(page, "你好")  # while nobody listens
        scripted.wire.is_down = False
        back = watched.notice("resumed")
        watched.until(DONE)
        replies = page.locator(".reply").all_inner_texts()
        same = page.evaluate("autoglm.session.token") == session_id
        sessions = scripted.service.lobby.places.taken
    assert "nothing you say is lost" in notice and "Reconnecting" in status
    assert "goes on" in back
    assert LONG.startswith(replies[0][:10]) and replies[1] == "你好，我在听。"
    assert same and sessions == 1
    assert all("net::ERR" in complaint or "WebSocket" in complaint for complaint in watched.complaints)


def test_a_session_that_is_lost_for_good_is_told_and_a_new_one_begins(browser) -> None:
    with house(SCRIPT, resume_grace_s=1.0) as running, opened(browser, running.url) as watched:
        page = watched.page
        write(page, "你好")
        watched.until(DONE)
        running.wire.is_down = True
        running.cut()
        lost = watched.notice("lost")
        running.wire.is_down = False
        write(page, "你好")
        watched.until("autoglm.conversation.turns.length === 2 && autoglm.conversation.turns[1].status === 'done'")
        divider = page.inner_text(".divider")
    assert "Say something to begin a new one" in lost
    assert "does not remember" in divider


def test_a_server_that_is_not_there_is_told_and_tried_again(browser) -> None:
    with house(SCRIPT) as running, opened(browser, running.url) as watched:
        running.wire.is_down = True
        running.cut()
        write(watched.page, "你好")
        notice = watched.notice("unreachable")
        running.wire.is_down = False
        watched.page.click("#notice-act")
        watched.until(DONE)
    assert "cannot be reached. Trying again in 3 s" in notice


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_answer_that_fails_says_why(browser) -> None:
    with house(Script(replies=(ScriptedReply(dies=True),))) as running, opened(browser, running.url) as watched:
        write(watched.page, "你好")
        watched.until("autoglm.conversation.turns[0]?.status === 'failed'")
        note = watched.page.inner_text(".note")
    assert note.startswith("No answer: ") and len(note) > len("No answer: ")


def test_sound_spoken_while_the_connection_is_away_reaches_the_server_once(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        page = watched.page
        page.click("#hero-mic")  # the browser's own test device: a beep a second
        watched.until("autoglm.conversation.sentMs > 500")
        call = next(iter(scripted.service.calls._calls))
        scripted.wire.is_down = True
        scripted.cut()
        watched.notice("reconnecting")
        before = page.evaluate("autoglm.conversation.sentMs")
        watched.until(f"autoglm.conversation.sentMs > {before} + 500")
        scripted.wire.is_down = False
        watched.notice("resumed")
        page.click("#mic")
        sent_ms = page.evaluate("autoglm.conversation.sentMs")
        write(page, "你好")  # comes after all the sound
        watched.until("autoglm.conversation.turns.some((turn) => turn.text === '你好' && turn.status === 'done')")
        received_ms = call.session.connection.received_ms
    assert received_ms == pytest.approx(sent_ms, abs=25)
