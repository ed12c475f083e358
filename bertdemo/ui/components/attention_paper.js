// Pictures as PNG files: drawn anew on paper, in the colours of the light theme, and made in the browser alone.

const FONT = "Helvetica, Arial, sans-serif";
const SHARPEST = 2; // pixels of the picture for one of the drawing, or as many as the screen has
const MARGIN = 24;
const NARROWEST = 480; // room for the title
const TITLE = { font: `bold 15px ${FONT}`, line: 21 };
const LINE = { font: `12px ${FONT}`, line: 17 };

// How many of the letters fit into a width.
const fitting = (context, letters, width) => {
  let [fits, over] = [0, letters.length + 1];
  while (over - fits > 1) {
    const half = (fits + over) >> 1;
    if (context.measureText(letters.slice(0, half).join("")).width <= width) fits = half;
    else over = half;
  }
  return fits;
};

const cut = (context, text, width) => {
  const letters = [...text];
  if (fitting(context, letters, width) === letters.length) return text;
  return `${letters.slice(0, fitting(context, letters, width - context.measureText("…").width)).join("")}…`;
};

// A text in lines of at most a width, broken at spaces where there are any.
const inLines = (context, text, width) => {
  const lines = [];
  let rest = [...text];
  while (rest.length) {
    let end = Math.max(1, fitting(context, rest, width));
    const space = rest.lastIndexOf(" ", end);
    if (end < rest.length && space > 0) end = space;
    lines.push(rest.slice(0, end).join(""));
    rest = [...rest.slice(end).join("").trimStart()];
  }
  return lines;
};

// What stands above a drawing: the title, how to read it, and which run and text it is of.
const headingOf = (context, file, drawing, width) =>
  [file.title, ...(drawing.says ?? []), ...file.lines].flatMap((text, place) => {
    const style = place ? LINE : TITLE;
    context.font = style.font;
    return inLines(context, text, width).map((line) => ({ ...style, text: line }));
  });

// `drawing` is {width, height, paint(context)}, painted from 0, 0 on, and may have a sentence that it `says`; `file` is
// {title, lines, name, what, colours}.
const onPaper = (file, drawing, sharpness) => {
  const canvas = make("canvas");
  const context = canvas.getContext("2d");
  const width = Math.max(NARROWEST, drawing.width);
  const heading = headingOf(context, file, drawing, width);
  const above = MARGIN + heading.reduce((sum, { line }) => sum + line, 0) + 10;
  canvas.width = Math.round((width + 2 * MARGIN) * sharpness);
  canvas.height = Math.round((above + drawing.height + MARGIN) * sharpness);
  context.scale(sharpness, sharpness);
  [context.fillStyle] = file.colours.slice(-1);
  context.fillRect(0, 0, width + 2 * MARGIN, above + drawing.height + MARGIN);
  [, , context.fillStyle] = file.colours;
  let at = MARGIN;
  heading.forEach(({ font, line, text }) => {
    context.font = font;
    context.fillText(text, MARGIN, at + 12);
    at += line;
  });
  context.translate(MARGIN, above);
  context.imageSmoothingEnabled = false;
  drawing.paint(context);
  return canvas;
};

const save = (blob, name) => {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers begin to read it only later
};

// Browsers refuse a canvas that is too large for them by giving no file: then with half as many pixels.
const savePicture = (file, drawing, sharpness = Math.max(SHARPEST, devicePixelRatio)) => {
  onPaper(file, drawing, sharpness).toBlob((blob) => {
    if (blob) save(blob, file.name);
    else if (sharpness > 0.25) savePicture(file, drawing, sharpness / 2);
  });
};

// A button below the stage that saves what is drawn there; `draw` gives the drawing of the moment.
const offerPicture = (parentElement, file, draw) => {
  let button = parentElement.querySelector(".save");
  if (!button) parentElement.append((button = make("button", { type: "button", class: "save" }, "↓ PNG")));
  button.setAttribute("aria-label", `PNG: save the picture of ${file.what}`);
  button.title = "Save this picture as a PNG file";
  button.onclick = () => savePicture(file, draw());
};
