"""The page as a person uses it, with the real model: a recording is spoken, a picture is shown, and nano answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.page.browser import film, launched, opened, recording
from tests.page.conftest import house

MEDIA = Path(__file__).parents[2] / "autoglm_agent" / "media"

pytestmark = [pytest.mark.trained, pytest.mark.timeout(120)]

# Keeps what a person sees: every text the growing transcript shows, every weight, and the loudness that leaves the page.
WATCH = """() => {
  globalThis.seen = {partials: [], weights: [], loudest: 0};
  new MutationObserver(() => {
    const text = document.querySelector(".said.partial:not(.empty)")?.textContent;
    if (text && text !== seen.partials.at(-1)) seen.partials.push(text);
    const weights = ["speech", "image", "text"].map((part) => document.getElementById(`w-${part}`).textContent).join(" ");
    if (weights !== seen.weights.at(-1)) seen.weights.push(weights);
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
  setInterval(() => {
    const analyser = autoglm.speaker.analyser;
    if (!analyser) return;
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    for (const sample of samples) seen.loudest = Math.max(seen.loudest, Math.abs(sample));
  }, 40);
}"""
ANSWERED = "autoglm.conversation.turns.at(-1)?.status === 'done' && !autoglm.speaker.isPlaying"


@pytest.fixture(scope="module")
def nano():
    with house(None) as running:
        yield running


def test_a_spoken_question_over_a_camera_is_heard_seen_and_answered_aloud(chromium, nano, tmp_path) -> None:
    microphone = recording(tmp_path / "question.wav", 2.5, MEDIA / "toys.flac", 12.0)
    camera = film(tmp_path / "toys.jpg", MEDIA / "toys.png")
    with launched(chromium, microphone=microphone, camera=camera) as browser, opened(browser, nano.url) as watched:
        page = watched.page
        watched.until("document.getElementById('status').dataset.state === 'off'")
        loaded = nano.wire.num_bytes
        page.evaluate(WATCH)
        page.click("#camera")
        watched.until("autoglm.conversation.sightMs > 0")
        page.click("#mic")
        watched.until(ANSWERED)
        seen = page.evaluate("seen")
        shown = page.inner_text("#turns")
        said, path = (
            page.inner_text(".said"),
            page.evaluate("[...document.querySelectorAll('#chart path')].map((path) => path.getAttribute('d').length)"),
        )
        played_ms, latency = page.evaluate("[autoglm.speaker.totalMs, autoglm.conversation.turns[0].latency]")
        stages = page.inner_text(".latency")
        thumbnail = page.locator(".user canvas").count()
    assert 20_000 < loaded < 200_000
    assert said == "我想要那个红色的玩具车"
    grown = [text for text in seen["partials"] if said.startswith(text)]
    assert len(grown) >= 3 and grown == sorted(grown, key=len)
    assert len(seen["weights"]) >= 4
    assert min(path) > 100, "the chart has drawn no bands"
    assert "右下" in shown and "遥控车" in shown
    assert thumbnail == 1
    assert played_ms > 1_000
    assert seen["loudest"] > 0.05
    assert latency["hold"] >= 500 and latency["heard"] > latency["hold"]
    assert "pause" in stages and "first sound" in stages
    assert watched.complaints == []


def test_an_order_changes_the_car_and_the_model_says_so(chromium, nano, tmp_path) -> None:
    microphone = recording(tmp_path / "order.wav", 1.5, MEDIA / "car.flac", 12.0)
    with launched(chromium, microphone=microphone) as browser, opened(browser, nano.url, locale="zh-CN") as watched:
        page = watched.page
        page.evaluate("autoglm.settings.set('car', true)")
        page.click("#hero-mic")
        watched.until(ANSWERED)
        card, climate = page.inner_text(".call"), page.inner_text("#car-climate")
        reply = page.inner_text(".replies")
    assert "set_ac_temperature(temperature: 26)" in card and "完成" in card
    assert climate == "26 °C"
    assert "26" in reply or "二十六" in reply
    assert watched.complaints == []
