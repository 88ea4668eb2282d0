"""The page in use, with a scripted engine: interruptions, the keyboard, languages, files, settings, accessibility."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from autoglm_agent.engine.scripted import Script, ScriptedReply
from tests.interaction.harness import MEDIA as VOICES
from tests.interaction.voices import MS_PER_CHARACTER
from tests.page.browser import launched, opened, recording
from tests.page.conftest import house

pytestmark = pytest.mark.timeout(90)

MEDIA = Path(__file__).parents[2] / "autoglm_agent" / "media"
LONG = "从前有一座山山里有一座庙" * 8
SCRIPT = Script(
    utterances=("讲个故事给我听", "请等一下好吗"),
    ms_per_character=100,
    replies=(ScriptedReply(text=LONG, reasoning="想听故事。", when="故事"), ScriptedReply(text="好的，你说。")),
)
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


# --- Interruptions ---------------------------------------------------------------------------------------------------


def assistant_texts(running) -> list[str]:
    """What the server's history says that the assistant has said, of the newest session."""
    call = next(iter(running.service.calls._calls))
    items = [item for item in call.session.connection.history() if getattr(item, "role", "") == "assistant"]
    return [
        "".join(getattr(part, "transcript", None) or getattr(part, "text", "") for part in item.content)
        for item in items
    ]


def test_speech_over_an_answer_stops_it_and_keeps_what_was_heard(chromium, tmp_path) -> None:
    greeting = VOICES / "greeting.opus"
    microphone = recording(tmp_path / "twice.wav", 0.5, greeting, 3.5, greeting, 8.0)
    with house(SCRIPT) as running, launched(chromium, microphone=microphone) as browser:
        with opened(browser, running.url) as watched:
            page = watched.page
            page.evaluate("""() => {
                const send = autoglm.session.send.bind(autoglm.session);
                globalThis.truncates = [];
                autoglm.session.send = (event) => {
                    if (event.type === "conversation.item.truncate") truncates.push([event.audio_end_ms, autoglm.speaker.totalMs]);
                    send(event);
                };
            }""")
            page.click("#hero-mic")
            watched.until("autoglm.conversation.turns.length === 2 && " + DONE.replace("at(-1)", "at(1)"))
            watched.until("autoglm.conversation.turns[0].replies[0].heard !== null")
            ((truncated_ms, played_ms), *_) = page.evaluate("truncates")
            kept, cut = page.evaluate(
                "[...document.querySelectorAll('.reply')[0].children].map((part) => part.textContent)"
            )
            note = page.inner_text(".note")
            texts = assistant_texts(running)
        assert watched.complaints == []
    # Said to the server: what left the loudspeaker, to within a report and the device's own delay.
    assert played_ms > 1_000
    assert truncated_ms == pytest.approx(played_ms, abs=300)
    assert len(kept) == pytest.approx(truncated_ms / MS_PER_CHARACTER, abs=2)
    assert kept + cut == LONG
    assert texts == [kept, "好的，你说。"]
    assert note == "Interrupted; the grey part was not heard"


def test_escape_stops_the_answer_and_its_sound(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        page = watched.page
        write(page, "讲个故事")
        watched.until("autoglm.speaker.totalMs > 400")
        reasoning = page.inner_text(".thought p")
        page.keyboard.press("Escape")
        watched.until("autoglm.conversation.turns[0].status === 'interrupted' && !autoglm.speaker.isPlaying")
        at_once = page.evaluate("autoglm.speaker.totalMs")
        page.wait_for_timeout(500)
        later = page.evaluate("autoglm.speaker.totalMs")
    assert reasoning == "想听故事。"
    assert later == at_once < 3_000
    assert watched.complaints == []


# --- Sound -----------------------------------------------------------------------------------------------------------

RESAMPLE = """async ([from, to, sizes]) => {
  const {Resampler} = await import("/page/resample.js");
  const input = Float32Array.from({length: from}, (_, i) => 0.5 * Math.sin(2 * Math.PI * 1000 * i / from));
  const through = (cuts) => {
    const resampler = new Resampler(from, to), out = [];
    for (let at = 0, n = 0; at < input.length; n++) {
      const end = at + cuts[n % cuts.length];
      for (const sample of resampler.push(input.subarray(at, end))) out.push(sample);
      at = end;
    }
    return [...out, ...resampler.flush()];
  };
  return [through([from]), through(sizes)];
}"""


@pytest.mark.parametrize(("from_hz", "to_hz"), [(48_000, 24_000), (44_100, 24_000), (24_000, 48_000), (24_000, 44_100)])
def test_resampling_keeps_a_tone_and_does_not_care_for_chunks(browser, scripted, from_hz, to_hz) -> None:
    with opened(browser, scripted.url) as watched:
        whole, pieces = watched.page.evaluate(RESAMPLE, [from_hz, to_hz, [128, 7, 1, 480, 1024]])
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(to_hz) / to_hz)
    assert len(whole) == len(pieces) == pytest.approx(to_hz, abs=40)
    np.testing.assert_array_equal(whole, pieces)
    middle = slice(200, to_hz - 200)
    np.testing.assert_allclose(np.array(whole)[middle], expected[middle], atol=0.005)


def test_pcm_survives_the_wire(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        back = watched.page.evaluate("""async () => {
          const {encodePcm, decodePcm} = await import("/page/resample.js");
          return [...decodePcm(encodePcm(Float32Array.from([0, 0.5, -0.5, 1, -1, 2, -2, 0.25])))];
        }""")
    np.testing.assert_allclose(back, [0, 0.5, -0.5, 1, -1, 1, -1, 0.25], atol=1e-4)


# --- Files -----------------------------------------------------------------------------------------------------------


def test_files_are_shown_and_played_and_others_refused(browser, scripted, tmp_path) -> None:
    nonsense = tmp_path / "broken.png"
    nonsense.write_bytes(b"no picture")
    note = tmp_path / "note.txt"
    note.write_text("text")
    with opened(browser, scripted.url) as watched:
        page = watched.page
        page.set_input_files("#file", MEDIA / "toys.png")
        watched.until("autoglm.conversation.sightMs !== undefined")
        still = page.is_visible("#still")
        page.set_input_files("#file", VOICES / "greeting.opus")
        watched.until("autoglm.conversation.turns[0]?.replies[0]?.text.length > 10")
        said = page.inner_text(".said")
        thumbnails = page.locator(".user canvas").count()
        page.set_input_files("#file", nonsense)
        bad_picture = watched.notice("bad_picture")
        page.set_input_files("#file", note)
        bad_file = watched.notice("bad_file")
    assert still and thumbnails == 1
    assert said == "讲个故事给我听"
    assert "cannot open this picture" in bad_picture and "Choose a picture or a recording" in bad_file
    assert watched.complaints == []


# --- Settings and languages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "title", "lang"),
    [("zh-CN", "说话，展示，提问", "zh-CN"), ("en-GB", "Talk, show, ask", "en"), ("fr-FR", "Talk, show, ask", "en")],
)
def test_the_page_speaks_the_browsers_language_and_can_be_switched(browser, scripted, locale, title, lang) -> None:
    with opened(browser, scripted.url, locale=locale) as watched:
        page = watched.page
        first, first_lang = page.inner_text(".title"), page.get_attribute("html", "lang")
        page.click("#language")
        second, second_lang = page.inner_text(".title"), page.get_attribute("html", "lang")
        page.reload()
        kept = page.inner_text(".title")
    assert (first, first_lang) == (title, lang)
    assert second != first and second_lang != first_lang
    assert kept == second


def test_every_word_has_both_languages(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        page = watched.page
        english = page.evaluate("document.body.innerText + document.querySelector('#settings').textContent")
        page.click("#language")
        labels = page.evaluate(
            "[...document.querySelectorAll('[data-t-label]')].map((e) => e.getAttribute('aria-label'))"
        )
        chinese = page.evaluate("document.querySelector('#settings').textContent")
    assert "Recognition delay" in english
    assert "识别延迟" in chinese
    assert all(any("一" <= letter <= "鿿" for letter in label) for label in labels), labels


def test_settings_reach_the_running_session(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        page = watched.page
        write(page, "你好")
        watched.until(DONE)
        page.click("#settings-button")
        page.uncheck("[name=think]")
        page.uncheck("[name=speak]")
        page.select_option("[name=vad]", "semantic_vad")
        page.select_option("[name=eagerness]", "high")
        page.select_option("[name=chunkMs]", "640")
        page.check("[name=car]")
        hidden = page.is_visible("#silence-row")
        page.click("#drawer-close")
        write(page, "你好")
        watched.until("autoglm.conversation.turns.length === 2 && autoglm.conversation.turns[1].status === 'done'")
        config = next(iter(scripted.service.calls._calls)).session.connection.config
        car = page.is_visible("#car")
    assert (config.enable_thinking, config.modality, config.chunk_ms) == (False, "text", 640)
    assert config.turn_detection.eagerness == "high"
    assert [tool.name for tool in config.tools] == ["set_ac_temperature", "light_switch", "control_window"]
    assert json.loads(config.tools[0].parameters)["required"] == ["temperature"]
    assert car and not hidden
    assert watched.complaints == []


def test_a_turn_ended_by_hand(chromium, scripted, tmp_path) -> None:
    microphone = recording(tmp_path / "one.wav", 0.5, VOICES / "greeting.opus", 10.0)
    with launched(chromium, microphone=microphone) as browser, opened(browser, scripted.url) as watched:
        page = watched.page
        page.evaluate("autoglm.settings.set('vad', 'manual')")
        page.click("#hero-mic")
        watched.until("autoglm.conversation.sentMs > 2000")
        label = page.get_attribute("#mic", "aria-label")
        page.click("#mic")
        watched.until(
            "autoglm.conversation.turns.length === 1 && autoglm.conversation.turns[0].replies[0]?.text.length > 10"
        )
        said = page.inner_text(".said")
    assert label == "Done talking"
    assert said == "讲个故事给我听"
    assert watched.complaints == []


# --- Keyboard and accessibility --------------------------------------------------------------------------------------


def test_everything_is_reached_by_tab_with_a_visible_focus(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        page = watched.page
        reached = {}
        for _ in range(30):
            page.keyboard.press("Tab")
            name, outline = page.evaluate("""() => {
                const e = document.activeElement, style = getComputedStyle(e);
                const field = e.closest(".field");
                return [e.id || e.dataset.example || e.tagName, style.outlineStyle !== "none" || (field && getComputedStyle(field).borderColor)];
            }""")
            reached.setdefault(name, outline)
        wanted = {"language", "settings-button", "hero-mic", "toys", "car", "who", "upload", "camera", "message"}
        page.keyboard.press("Alt+Comma")
        drawer = page.evaluate("document.getElementById('drawer').open")
        fields = set()
        for _ in range(20):
            page.keyboard.press("Tab")
            fields.add(page.evaluate("document.activeElement.name || document.activeElement.id"))
        page.keyboard.press("Escape")
        closed = not page.evaluate("document.getElementById('drawer').open")
        page.keyboard.press("Alt+Slash")
        focused = page.evaluate("document.activeElement.id")
        page.keyboard.press("Alt+KeyM")
        watched.until("autoglm.inputs.microphone.isOn && autoglm.session.state === 'open'")
        page.keyboard.press("Alt+KeyM")
        watched.until("!autoglm.inputs.microphone.isOn")
    assert wanted <= set(reached)
    assert all(reached[name] for name in wanted)
    assert drawer and closed
    assert {
        "think",
        "speak",
        "voice",
        "car",
        "vad",
        "silenceMs",
        "chunkMs",
        "language",
        "theme",
        "key",
        "address",
        "new",
    } <= fields
    assert focused == "message"
    assert watched.complaints == []


def test_what_is_heard_and_answered_is_said_to_screen_readers(browser, scripted) -> None:
    with opened(browser, scripted.url) as watched:
        write(watched.page, "你好")
        watched.until(DONE)
        heard, reply = watched.page.inner_text("#say-user"), watched.page.inner_text("#say-reply")
        live = watched.page.evaluate(
            "['say-user', 'say-reply'].map((id) => document.getElementById(id).getAttribute('aria-live'))"
        )
    assert heard == "You: 你好"
    assert reply == "好的，你说。"
    assert live == ["polite", "polite"]


@pytest.mark.parametrize(
    ("width", "scheme", "locale"),
    [(1280, "light", "zh-CN"), (1280, "dark", "en-US"), (390, "light", "en-US"), (390, "dark", "zh-CN")],
)
def test_axe_finds_nothing_serious(browser, scripted, width, scheme, locale) -> None:
    axe = Axe()
    with opened(browser, scripted.url, width=width, scheme=scheme, locale=locale) as watched:
        page = watched.page
        found = {"first": axe.run(page).response["violations"]}
        page.evaluate("autoglm.settings.set('car', true)")
        page.set_input_files("#file", MEDIA / "toys.png")
        write(page, "讲个故事")
        watched.until("autoglm.conversation.turns[0]?.latency.heard > 0")
        page.keyboard.press("Escape")
        watched.until("autoglm.conversation.turns[0].status === 'interrupted'")
        page.evaluate("autoglm.notices.show('full', {values: [3], action: ['try_now', () => {}]})")
        found["talk"] = axe.run(page).response["violations"]
        scrolls = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.click("#settings-button")
        page.wait_for_timeout(300)
        found["settings"] = axe.run(page).response["violations"]
    serious = [
        (where, violation["id"], violation["nodes"][0]["html"], violation["nodes"][0].get("failureSummary"))
        for where, violations in found.items()
        for violation in violations
        if violation["impact"] in ("serious", "critical", "moderate")
    ]
    assert serious == []
    assert not scrolls
    assert watched.complaints == []


def test_the_examples_show_what_it_does(browser, scripted) -> None:
    with opened(browser, scripted.url, locale="zh-CN") as watched:
        page = watched.page
        page.click("[data-example=toys]")
        watched.until("autoglm.conversation.turns[0]?.text.length > 3")
        hero = page.is_visible("#hero")
        shown = page.is_visible("#still")
        watched.until("autoglm.conversation.turns[0].replies[0]?.text.length > 10")
        page.keyboard.press("Escape")
        watched.until("!autoglm.inputs.playing")
    assert shown and not hero
    assert watched.complaints == []
