// Words that look (left) and are looked at (right), with a line for each weight that is worth one.

const ROW = 26;
const WIDTH = 100;
const SHADES = 12; // lines of about one weight are one path: a text of 128 tokens has thousands of lines

const column = (stage, side, words) => {
  const list = make("div", { class: `words ${side}`, role: "group" });
  list.setAttribute("aria-label", side === "from" ? "Words that look" : "Words that are looked at");
  const buttons = words.map((word, place) => {
    const button = make("button", { type: "button", class: word.special ? "word special" : "word" });
    button.append(make("span", { class: "bars", "aria-hidden": "true" }), make("bdi", {}, word.text));
    button.addEventListener("pointerenter", () => stage.look(side, place));
    button.addEventListener("focus", () => stage.look(side, place));
    button.addEventListener("pointerleave", () => stage.look());
    button.addEventListener("blur", () => stage.look());
    button.addEventListener("click", () => stage.keep(side, place));
    return list.appendChild(button);
  });
  rove(buttons, 1)(0);
  return { list, buttons };
};

const build = (stage, data) => {
  const from = column(stage, "from", data.from);
  const at = column(stage, "at", data.at);
  const rows = Math.max(data.from.length, data.at.length);
  const lines = drawn("svg", { class: "lines", viewBox: `0 0 ${WIDTH} ${rows * ROW}`, "aria-hidden": "true" });
  lines.setAttribute("preserveAspectRatio", "none");
  lines.style.height = `${rows * ROW}px`;
  const view = make("div", { class: "view" });
  const looks = make("div", { class: "head" }, "looks");
  const looked = make("div", { class: "head" }, "at");
  view.append(looks, make("div"), looked, from.list, lines, at.list);
  const said = make("p", { class: "said", "aria-live": "polite" });
  const scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.label });
  scroll.append(view);
  const legend = make("ul", { class: "legend" });
  stage.replaceChildren(legend, said, scroll);
  Object.assign(stage, { from, at, lines, said, legend, built: data.shape });
};

// Colours and dashes both tell heads apart.
const DASHES = ["none", "7 4", "2 3", "9 3 2 3"];

const explain = (stage) => {
  const { data, legend, colours } = stage;
  const lines = data.heads.map((says, series) => {
    const line = make("li");
    const sample = drawn("svg", { viewBox: "0 0 30 8", "aria-hidden": "true" });
    const stroke = { stroke: colours[series], "stroke-width": 3, "stroke-dasharray": DASHES[series] };
    sample.append(drawn("line", { x1: 0, y1: 4, x2: 30, y2: 4, ...stroke }));
    line.append(...(data.heads.length > 1 ? [sample] : []), says);
    return line;
  });
  legend.replaceChildren(...lines);
};

// One path for all lines of about one weight: {series, d, width, opacity}.
const paths = ({ data, heads }, focus) => {
  const height = ROW / 2;
  return heads.flatMap((bytes, series) => {
    const shades = Array.from({ length: SHADES }, () => []);
    for (let cell = 0; cell < bytes.length; cell += 1) {
      const row = Math.floor(cell / data.at.length);
      const col = cell % data.at.length;
      if (!bytes[cell] || (focus && focus.place !== (focus.side === "from" ? row : col))) continue;
      const weight = shareOf(bytes[cell]);
      if (weight < data.thinnest) continue;
      const bend = `C 45 ${row * ROW + height} 55 ${col * ROW + height} ${WIDTH} ${col * ROW + height}`;
      shades[Math.min(SHADES - 1, Math.floor(weight * SHADES))].push(`M 0 ${row * ROW + height} ${bend}`);
    }
    return shades.flatMap((parts, shade) => {
      if (!parts.length) return [];
      const strength = (shade + 0.5) / SHADES;
      const [width, opacity] = [0.8 + 3.4 * strength, 0.18 + 0.82 * Math.sqrt(strength)];
      return [{ series, d: parts.join(""), width, opacity }];
    });
  });
};

const drawLines = (stage, focus) => {
  const all = paths(stage, focus).map(({ series, d, width, opacity }) => {
    const path = drawn("path", { d, stroke: stage.colours[series], "stroke-width": width, fill: "none", opacity });
    path.setAttribute("vector-effect", "non-scaling-stroke");
    path.setAttribute("stroke-dasharray", DASHES[series]);
    return path;
  });
  stage.lines.replaceChildren(...all);
};

const weightsTo = (stage, focus, other) =>
  stage.heads.map((bytes) => {
    const wide = stage.data.at.length;
    return shareOf(focus.side === "from" ? bytes[focus.place * wide + other] : bytes[other * wide + focus.place]);
  });

const tint = (stage, focus) => {
  for (const side of ["from", "at"]) {
    const facing = focus && side !== focus.side;
    stage[side].buttons.forEach((button, place) => {
      const weights = facing ? weightsTo(stage, focus, place) : [];
      const bars = weights.map((weight, series) => {
        const bar = make("i");
        bar.style.width = `${Math.round(100 * weight)}%`;
        bar.style.background = stage.colours[series];
        return bar;
      });
      button.firstChild.replaceChildren(...(facing ? bars : []));
      button.classList.toggle("chosen", Boolean(focus) && !facing && focus.place === place);
      button.classList.toggle("faint", Boolean(facing) && Math.max(...weights) < stage.data.thinnest);
      const kept = stage.kept && stage.kept.side === side && stage.kept.place === place;
      button.setAttribute("aria-pressed", String(Boolean(kept)));
    });
  }
};

const sentence = (stage, focus) => {
  if (!focus) return stage.data.hint;
  const { data } = stage;
  const others = focus.side === "from" ? data.at : data.from;
  const parts = stage.heads.map((_, series) => {
    const ranked = others.map((word, place) => [weightsTo(stage, focus, place)[series], word.text]);
    const best = ranked.sort((a, b) => b[0] - a[0]).slice(0, 3).filter(([weight]) => weight > 0);
    const list = best.map(([weight, text]) => `${isolated(text)} ${told(data, weight)}`).join(", ") || "none of those shown";
    return data.heads.length > 1 ? `${series + 1}: ${list}` : list;
  });
  const word = data[focus.side][focus.place].text;
  return `${isolated(word)} ${focus.side === "from" ? "looks at" : "is looked at by"} ${parts.join(" · ")}`;
};

const show = (stage, focus) => {
  drawLines(stage, focus);
  tint(stage, focus);
  stage.said.textContent = sentence(stage, focus);
};

const SIDE = 220; // of the picture as a file, in pixels: words to the left and right,
const MIDDLE = 320; // lines between them,
const KEY = 20; // and a line of the legend

const strokeOf = (context, series, colours) => {
  context.strokeStyle = colours[series];
  context.setLineDash(DASHES[series] === "none" ? [] : DASHES[series].split(" ").map(Number));
};

// What each head does, in as many lines as that takes.
const legendOf = (heads) => {
  const context = make("canvas").getContext("2d");
  context.font = LINE.font;
  return heads.map((says) => inLines(context, says, 2 * SIDE + MIDDLE - 40));
};

const paintLegend = (context, legend, colours) => {
  let y = KEY / 2;
  legend.forEach((lines, series) => {
    context.lineWidth = 3;
    strokeOf(context, series, colours);
    context.stroke(new Path2D(`M 0 ${y} h 30`));
    lines.forEach((line) => {
      context.fillText(line, 40, y);
      y += KEY;
    });
  });
};

const paintLines = (context, stage, focus, colours) => {
  paths(stage, focus).forEach(({ series, d, width, opacity }) => {
    const stretched = new Path2D();
    stretched.addPath(new Path2D(d), new DOMMatrix([MIDDLE / WIDTH, 0, 0, 1, SIDE, 0]));
    Object.assign(context, { lineWidth: width, globalAlpha: opacity });
    strokeOf(context, series, colours);
    context.stroke(stretched);
  });
  context.globalAlpha = 1;
};

// The words of one side, those facing a chosen one with bars as long as their weights.
const paintWords = (context, stage, side, focus, colours) => {
  const left = side === "from";
  stage.data[side].forEach((word, place) => {
    const weights = focus && focus.side !== side ? weightsTo(stage, focus, place) : [];
    const high = (ROW - 4) / Math.max(1, weights.length);
    context.globalAlpha = 0.4;
    weights.forEach((weight, series) => {
      context.fillStyle = colours[series];
      const x = left ? SIDE - weight * SIDE : SIDE + MIDDLE;
      context.fillRect(x, place * ROW + 2 + series * high, weight * SIDE, high);
    });
    context.globalAlpha = 1;
    const chosen = focus && focus.side === side && focus.place === place;
    context.font = `${word.special ? "italic " : ""}${chosen ? "bold " : ""}14px ${FONT}`;
    Object.assign(context, { fillStyle: colours[2], textAlign: left ? "right" : "left" });
    context.fillText(cut(context, word.text, SIDE - 12), left ? SIDE - 6 : SIDE + MIDDLE + 6, (place + 0.5) * ROW);
  });
};

// The picture as a file: words, lines and legend in their colours on paper, of the word that is chosen or of all.
const headDrawing = (stage, colours) => {
  const { data, kept } = stage;
  const legend = legendOf(data.heads.length > 1 ? data.heads : []); // one head is the title
  const above = KEY * legend.flat().length + 8;
  const paint = (context) => {
    Object.assign(context, { font: LINE.font, fillStyle: colours[2], textBaseline: "middle" });
    paintLegend(context, legend, colours);
    context.translate(0, above);
    paintLines(context, stage, kept, colours);
    paintWords(context, stage, "from", kept, colours);
    paintWords(context, stage, "at", kept, colours);
  };
  const rows = Math.max(data.from.length, data.at.length);
  const says = kept ? [sentence(stage, kept)] : [];
  return { width: 2 * SIDE + MIDDLE, height: above + rows * ROW, paint, says };
};

const sameWord = (a, b) => Boolean(a && b) && a.side === b.side && a.place === b.place;

export default function ({ data, parentElement, setStateValue }) {
  const stage = stageIn(parentElement);
  const isLatest = latest(stage);
  Promise.all(data.packed.map(unpack)).then((heads) => {
    if (!isLatest()) return;
    Object.assign(stage, { data, heads, colours: seriesColours(stage) });
    stage.look = (side, place) => show(stage, side ? { side, place } : stage.kept);
    stage.keep = (side, place) => {
      const word = { side, place };
      stage.kept = sameWord(stage.kept, word) ? null : word;
      show(stage, stage.kept ?? word);
      setStateValue("word", stage.kept ? `${side}.${stage.data[side][place].id}` : null);
    };
    if (stage.built !== data.shape) build(stage, data);
    explain(stage);
    const [side, id] = (data.word ?? "").split(".");
    const place = side ? data[side].findIndex((word) => String(word.id) === id) : -1;
    stage.kept = place >= 0 ? { side, place } : null;
    show(stage, stage.kept);
    offerPicture(parentElement, data.file, () => headDrawing(stage, data.file.colours));
  });
}
