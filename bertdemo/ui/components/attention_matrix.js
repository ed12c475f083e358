// One head as a matrix: rows look, columns are looked at. The pointer or the arrow keys read a cell.

const paintMatrix = (canvas, { data, bytes }, colour) => {
  canvas.width = data.at.length;
  canvas.height = data.from.length;
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  for (let cell = 0; cell < bytes.length; cell += 1) {
    if (!bytes[cell]) continue;
    context.globalAlpha = bytes[cell] / 255;
    context.fillRect(cell % data.at.length, Math.floor(cell / data.at.length), 1, 1);
  }
};

const ROWS_ROOM = 120; // of the picture as a file, in pixels
const COLUMNS_ROOM = 100;

// The picture as a file: the same cells in their colour on paper, with a word to each row and column.
const matrixDrawing = (stage, colours) => {
  const { data } = stage;
  const [blue, , ink] = colours;
  const cell = Math.max(12, Math.min(29, Math.floor(640 / data.at.length)));
  const [wide, high] = [cell * data.at.length, cell * data.from.length];
  const write = (context, word, room) => {
    context.font = `${word.special ? "italic " : ""}${Math.min(12, cell - 1)}px ${FONT}`;
    context.fillText(cut(context, word.text, room - 8), 0, 0);
  };
  const paint = (context) => {
    const pixels = make("canvas");
    paintMatrix(pixels, stage, blue);
    context.drawImage(pixels, ROWS_ROOM, COLUMNS_ROOM, wide, high);
    Object.assign(context, { fillStyle: ink, strokeStyle: ink, lineWidth: 0.5, textBaseline: "middle" });
    context.strokeRect(ROWS_ROOM, COLUMNS_ROOM, wide, high);
    context.font = LINE.font;
    context.fillText("looks ↓ at →", 0, COLUMNS_ROOM - 10);
    data.from.forEach((word, row) => {
      context.save();
      context.translate(ROWS_ROOM - 6, COLUMNS_ROOM + (row + 0.5) * cell);
      context.textAlign = "right";
      write(context, word, ROWS_ROOM);
      context.restore();
    });
    data.at.forEach((word, column) => {
      context.save();
      context.translate(ROWS_ROOM + (column + 0.5) * cell, COLUMNS_ROOM - 6);
      context.rotate(-Math.PI / 2);
      write(context, word, COLUMNS_ROOM);
      context.restore();
    });
  };
  return { width: ROWS_ROOM + wide, height: COLUMNS_ROOM + high, paint };
};

const read = (stage, row, col) => {
  const { data } = stage;
  stage.cell = [row, col];
  stage.cursor.style.cssText = `grid-row:${row + 2};grid-column:${col + 2}`;
  stage.cursor.hidden = false;
  const weight = told(data, shareOf(stage.bytes[row * data.at.length + col]));
  stage.said.textContent = `${isolated(data.from[row].text)} looks at ${isolated(data.at[col].text)}: ${weight}`;
};

const move = (stage, event) => {
  const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  const [row, col] = stage.cell ?? [0, -1];
  const inside = (value, size) => Math.max(0, Math.min(size - 1, value));
  read(stage, inside(row + step[0], stage.data.from.length), inside(col + step[1], stage.data.at.length));
  stage.cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
};

const point = (stage, event) => {
  const box = stage.canvas.getBoundingClientRect();
  const row = Math.floor(((event.clientY - box.top) / box.height) * stage.data.from.length);
  const col = Math.floor(((event.clientX - box.left) / box.width) * stage.data.at.length);
  if (stage.data.from[row] && stage.data.at[col]) read(stage, row, col);
};

const buildMatrix = (stage, data) => {
  const table = make("div", { class: "matrix" });
  table.style.setProperty("--rows", data.from.length);
  table.style.setProperty("--columns", data.at.length);
  const heading = (word, place, kind) => {
    const label = make("div", { class: `${kind}${word.special ? " special" : ""}` });
    label.append(make("bdi", {}, word.text));
    label.style.gridArea = kind === "row" ? `${place + 2} / 1` : `1 / ${place + 2}`;
    return label;
  };
  const canvas = make("canvas", { "aria-hidden": "true" });
  const cursor = make("div", { class: "cursor", "aria-hidden": "true" });
  cursor.hidden = true;
  table.append(make("div", { class: "corner" }, "looks ↓ at →"));
  table.append(...data.from.map((word, place) => heading(word, place, "row")));
  table.append(...data.at.map((word, place) => heading(word, place, "column")), canvas, cursor);
  const scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.label });
  scroll.append(table);
  const said = make("p", { class: "said", "aria-live": "polite" }, data.hint);
  const legend = make("p", { class: "legend" });
  stage.replaceChildren(legend, said, scroll);
  Object.assign(stage, { canvas, cursor, said, legend, cell: null, built: data.shape });
  scroll.addEventListener("keydown", (event) => move(stage, event));
  canvas.addEventListener("pointermove", (event) => point(stage, event));
  canvas.addEventListener("pointerdown", (event) => point(stage, event));
};

export default function ({ data, parentElement }) {
  const stage = stageIn(parentElement);
  const isLatest = latest(stage);
  unpack(data.packed[0]).then((bytes) => {
    if (!isLatest()) return;
    Object.assign(stage, { data, bytes, colours: seriesColours(stage) });
    if (stage.built !== data.shape) buildMatrix(stage, data);
    [stage.legend.textContent] = data.heads;
    paintMatrix(stage.canvas, stage, stage.colours[0]);
    if (stage.cell) read(stage, ...stage.cell);
    offerPicture(parentElement, data.file, () => matrixDrawing(stage, data.file.colours));
  });
}
