// What the attention views share. Words of a text enter the page as textContent alone.

const unpack = async (packed) => {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

// A byte holds 255 times the root of a weight's share of the largest: small weights keep their digits.
const shareOf = (byte) => (byte / 255) ** 2;

// As people read it: shares of attention in whole per cent, lengths of vectors in two digits.
const told = (data, share) => {
  const value = share * data.largest;
  if (data.unit !== "%") return value.toFixed(2);
  return value < 0.005 ? "under 1 %" : `${Math.round(100 * value)} %`;
};

// Without these marks a word in Arabic or Hebrew would draw the figures behind it along.
const isolated = (text) => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text);

const make = (tag, attributes = {}, text = "") => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
};

const drawn = (tag, attributes = {}) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

const seriesColours = (inside) =>
  getComputedStyle(inside).getPropertyValue("--st-chart-categorical-colors").split(/,(?![^(]*\))/).map((c) => c.trim());

// The element that everything is drawn in; it lasts from one drawing to the next, and with it the keyboard's place.
const stageIn = (parentElement) => {
  let stage = parentElement.querySelector(".stage");
  if (!stage) parentElement.appendChild((stage = make("div", { class: "stage" })));
  return stage;
};

// Only the latest of several drawings that wait for their data goes through.
const latest = (stage) => {
  const turn = (stage.turn = (stage.turn ?? 0) + 1);
  return () => stage.turn === turn;
};

// Tab enters a set of buttons once; arrows go from one to the next.
const rove = (buttons, columns) => {
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  const enter = (place) => {
    buttons.forEach((button, at) => (button.tabIndex = at === place ? 0 : -1));
  };
  buttons.forEach((button, at) => {
    button.addEventListener("focus", () => enter(at));
    button.addEventListener("keydown", (event) => {
      const to = event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : at + steps[event.key];
      if (!buttons[to]) return;
      event.preventDefault();
      buttons[to].focus();
    });
  });
  return enter;
};
