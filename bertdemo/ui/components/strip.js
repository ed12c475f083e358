// A text with its words tinted. Every piece is set as textContent: nothing that a person typed becomes markup.
const colours = (host) => {
  const listed = getComputedStyle(host).getPropertyValue('--st-chart-categorical-colors');
  return listed.split(/,(?![^(]*\))/).map((colour) => colour.replace(/["[\]]/g, '').trim());
};

const drawn = ([text, kind, strength, glyph, title, number], clickable, off) => {
  if (!kind) return document.createTextNode(text);
  const piece = document.createElement('span');
  piece.className = kind;
  piece.textContent = text;
  piece.style.setProperty('--strength', strength);
  if (glyph) piece.dataset.glyph = glyph;
  if (title) piece.title = title;
  if (clickable && number >= 0) {
    piece.tabIndex = 0;
    piece.dataset.number = number;
    piece.setAttribute('role', 'button');
    piece.setAttribute('aria-pressed', off.includes(number));
  }
  return piece;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.strip');
  const [blue, orange] = colours(root);
  root.style.setProperty('--blue', blue);
  root.style.setProperty('--orange', orange);
  const focused = parentElement.activeElement?.dataset?.number;
  root.replaceChildren(
    ...data.parts.map((pieces) => {
      const part = document.createElement('p');
      part.className = 'part';
      part.dir = 'auto';
      part.append(...pieces.map((piece) => drawn(piece, data.clickable, data.off)));
      return part;
    }),
  );
  root.setAttribute('aria-label', data.label);
  root.tabIndex = root.scrollHeight > root.clientHeight + 1 ? 0 : -1; // what scrolls can be reached with the keyboard
  if (focused !== undefined) root.querySelector(`[data-number="${focused}"]`)?.focus();
  if (!data.clickable) return;
  const press = (target) => setTriggerValue('clicked', Number(target.dataset.number));
  root.onclick = (event) => event.target.dataset.number !== undefined && press(event.target);
  root.onkeydown = (event) => {
    if (event.target.dataset.number === undefined || !['Enter', ' '].includes(event.key)) return;
    event.preventDefault();
    press(event.target);
  };
}
