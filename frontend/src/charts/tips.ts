// Tips of charts as elements. Names and values come from users, and are text.

/** A title and what belongs to it, line by line. */
export function tipOf(
  title: string,
  rows: readonly (readonly [string, string])[],
  colour?: string,
): HTMLElement {
  const box = document.createElement("div");
  box.className = "tip";
  const head = box.appendChild(document.createElement("strong"));
  if (colour) head.append(swatch(colour));
  head.append(short(title));
  const list = box.appendChild(document.createElement("dl"));
  for (const [name, value] of rows) {
    list.appendChild(document.createElement("dt")).textContent = short(name);
    list.appendChild(document.createElement("dd")).textContent = short(value);
  }
  return box;
}

function swatch(colour: string): HTMLElement {
  const spot = document.createElement("i");
  spot.style.background = colour; // a property of the element: no attribute that the page's policy would refuse
  return spot;
}

const short = (text: string): string => (text.length > 160 ? `${text.slice(0, 159)}…` : text);
