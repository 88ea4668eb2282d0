// A small car to give orders to: the functions the model may call and what they change. State is the page's own.

const property = (type, description, more = {}) => ({ type, description, ...more });
const tool = (name, description, properties) => ({
  type: "function", name, description,
  parameters: { type: "object", properties, required: Object.keys(properties) },
});

const WINDOWS = ["driver", "passenger", "rear_left", "rear_right"];

/** As `session.tools` takes them. Descriptions are Chinese: that is what nano has learnt to read. */
export const TOOLS = [
  tool("set_ac_temperature", "设置空调温度", { temperature: property("number", "目标温度") }),
  tool("light_switch", "开关灯", { state: property("string", "开关", { enum: ["on", "off"] }) }),
  tool("control_window", "开关车窗", {
    window: property("string", "哪扇窗", { enum: [...WINDOWS, "all"] }),
    action: property("string", "动作", { enum: ["open", "close"] }),
  }),
];

/** The car. `change` is dispatched when something in it has. */
export class Car extends EventTarget {
  constructor() {
    super();
    this.state = { temperature: 24, light: false, open: Object.fromEntries(WINDOWS.map((name) => [name, false])) };
  }

  /** Do what the model calls for. @returns {{status: string, message?: string}} what the model is told */
  call(name, json) {
    let given;
    try {
      given = JSON.parse(json);
    } catch {
      return { status: "error", message: "参数错误" };
    }
    const done = this.obey(name, given);
    if (done) this.dispatchEvent(new CustomEvent("change", { detail: name }));
    return done ? { status: "ok" } : { status: "error", message: "参数错误" };
  }

  obey(name, given) {
    if (name === "set_ac_temperature" && given.temperature >= 16 && given.temperature <= 32) {
      this.state.temperature = given.temperature;
    } else if (name === "light_switch" && ["on", "off"].includes(given.state)) {
      this.state.light = given.state === "on";
    } else if (name === "control_window" && ["open", "close"].includes(given.action)) {
      const which = given.window === "all" ? WINDOWS : WINDOWS.filter((one) => one === given.window);
      for (const one of which) this.state.open[one] = given.action === "open";
      return which.length > 0;
    } else {
      return false;
    }
    return true;
  }
}
