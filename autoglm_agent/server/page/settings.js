// The settings: defaults, what the browser remembers, and the drawer's form.

const STORE = "autoglm.playground";
const DEFAULTS = {
  think: true, speak: true, voice: "", vad: "server_vad", silenceMs: 500, eagerness: "auto", chunkMs: 320, car: false,
  language: "", theme: "system", key: "",
};

/** Settings in a form whose fields bear their names. `change` is dispatched with the name of what changed. */
export class Settings extends EventTarget {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    super();
    this.form = form;
    this.values = { ...DEFAULTS, ...read(localStorage), key: read(sessionStorage).key ?? "" };
    form.addEventListener("change", ({ target }) => { if (target.name) this.take(target); });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Fill the form. Call it again after options were added. */
  fill() {
    for (const field of this.form.elements) {
      if (!(field.name in this.values)) continue;
      if (field.type === "checkbox") field.checked = this.values[field.name];
      else field.value = String(this.values[field.name]);
    }
  }

  take(field) {
    const number = field.type === "range" || field.dataset.type === "number";
    this.set(field.name, field.type === "checkbox" ? field.checked : number ? Number(field.value) : field.value.trim());
  }

  /** Change one setting from elsewhere. */
  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    this.save();
    this.fill();
    this.dispatchEvent(new CustomEvent("change", { detail: name }));
  }

  save() {
    const { key, ...rest } = this.values;
    try {
      localStorage.setItem(STORE, JSON.stringify(rest));
      sessionStorage.setItem(STORE, JSON.stringify({ key })); // a key is forgotten with the tab
    } catch {
      // A browser that keeps nothing: the settings last as long as the page.
    }
  }
}

function read(storage) {
  try {
    const found = JSON.parse(storage.getItem(STORE) ?? "{}");
    return Object.fromEntries(Object.entries(found).filter(([name, value]) => typeof value === typeof DEFAULTS[name]));
  } catch {
    return {};
  }
}
