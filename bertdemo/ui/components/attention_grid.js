// Every head of every layer as a small map; a click tells which. Rows of a map look, columns are looked at.

const paintMap = (canvas, bytes, side, colour) => {
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  for (let cell = 0; cell < side * side; cell += 1) {
    if (!bytes[cell]) continue;
    context.globalAlpha = bytes[cell] / 255;
    context.fillRect(cell % side, Math.floor(cell / side), 1, 1);
  }
};

const buildGrid = (stage, data, every) => {
  const grid = make("div", { class: "maps", role: "group", "aria-label": data.label });
  grid.style.setProperty("--columns", data.columns.length);
  grid.append(make("span"), ...data.columns.map((name) => make("span", { class: "axis" }, name)));
  const buttons = every.map((map, place) => {
    if (place % data.columns.length === 0) {
      grid.append(make("span", { class: "axis row" }, data.rows[place / data.columns.length]));
    }
    if (!map) return grid.appendChild(make("span"));
    const button = make("button", { type: "button" });
    button.append(make("canvas", { "aria-hidden": "true" }));
    return grid.appendChild(button);
  });
  stage.replaceChildren(grid);
  stage.buttons = buttons.filter((button) => button.tagName === "BUTTON");
  stage.enter = rove(stage.buttons, data.columns.length);
  stage.built = data.shape;
};

const mark = (button, map, colours) => {
  button.setAttribute("aria-label", map.says);
  button.setAttribute("aria-pressed", String(map.series >= 0));
  button.title = map.says;
  button.classList.toggle("off", map.off);
  button.style.setProperty("--series", map.series >= 0 ? colours[map.series] : "transparent");
};

export default function ({ data, parentElement, setTriggerValue }) {
  const stage = stageIn(parentElement);
  const isLatest = latest(stage);
  Promise.all([unpack(data.packed), unpack(data.maps)]).then(([bytes, text]) => {
    if (!isLatest()) return;
    const every = JSON.parse(new TextDecoder().decode(text));
    if (stage.built !== data.shape) buildGrid(stage, data, every);
    const colours = seriesColours(stage);
    const maps = every.filter(Boolean);
    maps.forEach((map, place) => {
      const button = stage.buttons[place];
      const size = data.side * data.side;
      paintMap(button.firstChild, bytes.subarray(place * size, (place + 1) * size), data.side, colours[0]);
      mark(button, map, colours);
      button.onclick = () => setTriggerValue("clicked", map.name);
    });
    stage.enter(Math.max(0, maps.findIndex((map) => map.series === 0)));
  });
}
