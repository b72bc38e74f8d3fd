// Collects what is pressed until the script has acted on it; each press has a number, so none counts twice.
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]";
const MOVING = "[type=radio], [role=slider], [role=tab], [role=radio], [role=option], [role=grid], [role=listbox], canvas, video";

const waiting = new Map();  // outlives the element, which may be made anew at any time

export default function ({ parentElement, data, setStateValue }) {
  if (!waiting.has(data.name)) waiting.set(data.name, { number: data.heard, presses: [] });
  const kept = waiting.get(data.name);
  kept.number = Math.max(kept.number, data.heard);
  kept.presses = kept.presses.filter(([number]) => number > data.heard);
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!data.keys.includes(name)) return;
    const place = event.composedPath()[0], moves = name.length > 1;
    if (place.matches?.(TYPING) || (moves && place.closest?.(MOVING))) return;
    event.preventDefault();
    if (event.repeat && !moves) return;
    kept.presses.push([++kept.number, name]);
    setStateValue("pressed", kept.presses.slice());
  };
  document.addEventListener("keydown", press);
  parentElement.querySelector("div").dataset.hears = data.keys.join(" ");
  return () => document.removeEventListener("keydown", press);
}
