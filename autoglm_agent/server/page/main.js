// The playground: makes the parts and joins them. What they do is in their own files.

import { Conversation } from "./conversation.js";
import { $, setText } from "./dom.js";
import { Inputs } from "./inputs.js";
import { Notices } from "./notices.js";
import { Senses } from "./senses.js";
import { Settings } from "./settings.js";
import { NoSession, Session, askStatus, realtimeUrl } from "./socket.js";
import { Speaker, audioContext, level } from "./sound.js";
import { chooseLanguage, t, translate } from "./strings.js";
import { Car } from "./tools.js";
import { TurnsView } from "./turns.js";

const RETRY_S = 3; // when the server has not said itself when to come again

const session = new Session();
const speaker = new Speaker();
const car = new Car();
const settings = new Settings($("settings"));
const conversation = new Conversation(session, speaker, car);
const turns = new TurnsView($("turns"), $("say-user"), $("say-reply"));
const senses = new Senses(conversation, car);
const notices = new Notices({
  box: $("notice"), text: $("notice-text"), act: $("notice-act"), close: $("notice-close"),
});
const inputs = new Inputs({ conversation, senses, notices, connect });
conversation.settings = settings.values;

// --- The connection -------------------------------------------------------------------------------------------------

/** Be connected, or say why not. @returns {Promise<boolean>} */
async function connect(again = connect) {
  void audioContext().catch(() => {});
  if (session.state !== "closed") return true;
  try {
    await conversation.open();
    return true;
  } catch (error) {
    explain(error, again);
    return false;
  }
}

function explain(error, again) {
  const { reason, retryAfterS } = error instanceof NoSession ? error : new NoSession("unreachable");
  showStatus("busy");
  if (reason === "key") notices.show("key", { action: ["open_settings", () => openDrawer("key")] });
  else notices.countDown(reason, retryAfterS || RETRY_S, () => void again());
}

session.addEventListener("state", ({ detail }) => {
  showStatus(detail === "closed" ? "off" : detail);
  if (detail === "lost") notices.show("reconnecting", { kind: "wait" });
  else if (detail === "open") {
    if (notices.key === "reconnecting") notices.show("resumed", { kind: "good", isShort: true });
    else if (session.state === "open") notices.clear();
  } else closed(session.reason);
});

function closed(reason) {
  inputs.stopPlaying();
  if (inputs.microphone.isOn) inputs.microphone.stop();
  if (inputs.camera.isOn) inputs.leaveCamera();
  if (reason !== "closed" || !leaving) notices.show(reason);
  leaving = false;
  refresh();
}

let leaving = false;
function newConversation() {
  leaving = true;
  session.close();
  leaving = false;
  conversation.turns = [];
  turns.views.clear();
  $("turns").replaceChildren();
  senses.chart.clear();
  senses.look("none");
  conversation.picture = null;
  notices.clear();
  $("drawer").close();
  refresh();
}

addEventListener("pagehide", () => { leaving = true; session.close(); }); // the place is free at once

/** Before anybody does anything: what the server has, and whether it would have us. */
async function greet() {
  try {
    const status = await askStatus(settings.values.key);
    fillVoices(status.voices);
    if (status.key === "missing" || status.key === "wrong") throw new NoSession("key");
    if (!status.ready) throw new NoSession("loading", 2);
    if (!status.has_place) throw new NoSession("full", status.retry_after_s);
    if (session.state === "closed") showStatus("off");
  } catch (error) {
    explain(error, greet);
  }
}

function fillVoices(voices) {
  const field = settings.form.elements.voice;
  field.replaceChildren(...voices.map((name) => new Option(name, name)));
  field.disabled = !voices.length;
  if (voices.length && !voices.includes(settings.values.voice)) settings.values.voice = voices[0];
  settings.fill();
}

// --- What is shown --------------------------------------------------------------------------------------------------

conversation.addEventListener("turn", ({ detail }) => { turns.show(detail); refresh(); });
conversation.addEventListener("divider", () => turns.divide());
conversation.addEventListener("phase", refresh);
conversation.addEventListener("problem", ({ detail }) => notices.show("server_says", { values: [detail] }));
speaker.addEventListener("change", refresh);
inputs.addEventListener("change", refresh);

function showStatus(state) {
  $("status").dataset.state = state;
  setText($("status-text"), t(`status_${state}`));
}

function refresh() {
  const isUsed = inputs.microphone.isOn || inputs.playing || senses.kind !== "none";
  const isBlank = !conversation.turns.length && !isUsed;
  $("hero").hidden = !isBlank;
  document.body.classList.toggle("blank", isBlank);
  if (isBlank && document.activeElement === $("mic")) $("hero-mic").focus();
  const moved = isBlank !== $("mic").hidden && document.activeElement === $("hero-mic");
  $("mic").hidden = isBlank;
  if (moved && !isBlank) $("mic").focus();
  const { phase } = conversation;
  const isBusy = phase === "thinking" || phase === "speaking";
  const hasText = $("message").value.trim() !== "";
  $("stop").hidden = !isBusy || hasText;
  $("send").hidden = !hasText;
  document.body.dataset.phase = phase;
  const idle = inputs.playing ? t("playing") : inputs.microphone.isOn ? t("idle_mic") : "";
  const words = phase === "idle" ? idle : inputs.playing && phase === "listening" ? t("playing") : t(phase);
  setText($("phase"), words);
  setText($("say-state"), words);
  press($("mic"), inputs.microphone.isOn, inputs.isManual ? ["talk_on", "talk_off"] : ["mic_on", "mic_off"], ["mic", "live"]);
  press($("camera"), inputs.camera.isOn, ["camera_on", "camera_off"], ["camera", "camera"]);
}

function press(button, isOn, [on, off], icons) {
  button.setAttribute("aria-pressed", String(isOn));
  const label = t(isOn ? off : on);
  if (button.getAttribute("aria-label") === label) return;
  button.setAttribute("aria-label", label);
  button.title = label;
  button.querySelector("use").setAttribute("href", `#i-${icons[isOn ? 1 : 0]}`);
}

function showLanguage() {
  chooseLanguage(settings.values.language);
  translate(document);
  setText($("language"), document.documentElement.lang === "en" ? "中文" : "English");
  $("language").lang = document.documentElement.lang === "en" ? "zh-CN" : "en";
  for (const part of [turns, senses, notices]) part.translate();
  showStatus($("status").dataset.state);
  for (const id of ["mic", "camera"]) $(id).removeAttribute("aria-label");
  refresh();
}

function showSettings() {
  const { theme, vad, silenceMs, car: hasCar } = settings.values;
  document.documentElement.dataset.theme = theme;
  $("silence-row").hidden = vad !== "server_vad";
  $("eager-row").hidden = vad !== "semantic_vad";
  setText($("silence-out"), `${silenceMs} ms`);
  $("car").hidden = !hasCar;
}

// A ring that breathes with the voice, one's own or the answer's.
let shownLevel = "";
(function breathe() {
  const loudness = (speaker.isPlaying ? level(speaker.analyser) : level(inputs.microphone.analyser)).toFixed(2);
  if (loudness !== shownLevel) $("mic").style.setProperty("--level", loudness);
  shownLevel = loudness;
  requestAnimationFrame(breathe);
})();

// --- What the user does ---------------------------------------------------------------------------------------------

async function sendMessage() {
  const text = $("message").value.trim();
  if (!text || !(await connect(sendMessage))) return;
  $("message").value = "";
  fit();
  await conversation.write(text);
}

function fit() {
  const field = $("message");
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
  refresh();
}

function openDrawer(name = null) {
  if (!$("drawer").open) $("drawer").showModal();
  if (name) settings.form.elements[name].focus();
}

$("composer").addEventListener("submit", (event) => { event.preventDefault(); void sendMessage(); });
$("message").addEventListener("input", fit);
$("message").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  void sendMessage();
});
for (const id of ["mic", "hero-mic"]) $(id).addEventListener("click", () => void inputs.toggleMicrophone());
$("camera").addEventListener("click", () => void inputs.toggleCamera());
$("stop").addEventListener("click", () => void conversation.stop());
$("upload").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", ({ target }) => {
  for (const file of target.files) void inputs.take(file);
  target.value = "";
});
$("sight-remove").addEventListener("click", () => {
  conversation.picture = null;
  senses.look("none");
  refresh();
  $("upload").focus();
});
for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => void inputs.example(button.dataset.example, settings));
}
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  for (const file of event.dataTransfer.files) void inputs.take(file);
});
addEventListener("paste", ({ clipboardData }) => { for (const file of clipboardData.files) void inputs.take(file); });

$("settings-button").addEventListener("click", () => openDrawer());
$("drawer-close").addEventListener("click", () => $("drawer").close());
$("drawer").addEventListener("click", ({ target }) => { if (target === $("drawer")) $("drawer").close(); });
$("new").addEventListener("click", newConversation);
$("language").addEventListener("click", () => settings.set("language", document.documentElement.lang === "en" ? "zh" : "en"));
$("copy").addEventListener("click", async () => {
  $("address").select();
  try {
    await navigator.clipboard.writeText($("address").value);
  } catch {
    document.execCommand("copy"); // where the page is not a secure one
  }
  setText($("copy"), t("copied"));
  setTimeout(() => setText($("copy"), t("copy")), 1500);
});
settings.form.elements.silenceMs.addEventListener("input", ({ target }) => setText($("silence-out"), `${target.value} ms`));
settings.addEventListener("change", ({ detail }) => {
  showSettings();
  if (detail === "language") showLanguage();
  else if (detail === "key") void greet();
  else if (detail !== "theme" && session.state !== "closed") conversation.configure(settings.values);
  refresh();
});

const SHORTCUTS = {
  KeyM: () => void inputs.toggleMicrophone(),
  KeyC: () => void inputs.toggleCamera(),
  KeyU: () => $("file").click(),
  KeyL: () => $("language").click(),
  Slash: () => $("message").focus(),
  Comma: () => openDrawer(),
};
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !$("drawer").open) void conversation.stop();
  if (!event.altKey || event.ctrlKey || event.metaKey || !(event.code in SHORTCUTS)) return;
  event.preventDefault();
  SHORTCUTS[event.code]();
});

settings.fill();
showSettings();
senses.look("none");
showLanguage();
$("address").value = String(realtimeUrl());
void greet();

// For curious people in the console, and for tests: the parts themselves, as they are.
globalThis.autoglm = { session, speaker, car, settings, conversation, senses, inputs, notices };
