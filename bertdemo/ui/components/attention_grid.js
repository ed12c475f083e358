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

const GAP = 4; // of the picture as a file, in pixels
const BESIDE = 48;
const NAMES = 18;

// The picture as a file: the same maps in their colours on paper, each with its layer and head beside it.
const gridDrawing = ({ data, every, bytes }, colours) => {
  const [, , ink] = colours;
  const columns = data.columns.length;
  const cell = Math.max(20, Math.min(56, Math.floor(720 / columns) - GAP));
  const step = cell + GAP;
  const size = data.side * data.side;
  const paint = (context) => {
    Object.assign(context, { font: LINE.font, fillStyle: ink, textAlign: "center", textBaseline: "middle" });
    context.fillText("layer", BESIDE / 2 - GAP, NAMES / 2);
    data.columns.forEach((name, column) => context.fillText(name, BESIDE + column * step + cell / 2, NAMES / 2));
    data.rows.forEach((name, row) => context.fillText(name, BESIDE / 2 - GAP, NAMES + row * step + cell / 2));
    let number = 0;
    every.forEach((map, place) => {
      if (!map) return;
      const [x, y] = [BESIDE + (place % columns) * step, NAMES + Math.floor(place / columns) * step];
      const pixels = make("canvas");
      paintMap(pixels, bytes.subarray(number * size, (number += 1) * size), data.side, colours[0]);
      context.globalAlpha = map.off ? 0.15 : 1;
      context.drawImage(pixels, x, y, cell, cell);
      context.globalAlpha = 1;
      Object.assign(context, { strokeStyle: map.series < 0 ? ink : colours[map.series], fillStyle: ink });
      context.lineWidth = map.series < 0 ? 0.4 : 3;
      context.strokeRect(x, y, cell, cell);
      if (map.off) context.fillText("off", x + cell / 2, y + cell / 2);
    });
  };
  return { width: BESIDE + columns * step, height: NAMES + data.rows.length * step, paint };
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
    offerPicture(parentElement, data.file, () => gridDrawing({ data, every, bytes }, data.file.colours));
  });
}
