// Collects what is said while the film plays, and tells at each pause, so that nothing interrupts.
// Media events do not bubble, but they pass the document on their way down.
const film = () => document.querySelector("video");
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]";

// Where the person is that is coded: a frame over the film, drawn by its own clock.
class Mark {
  constructor() {
    this.element = document.createElement("div");
    this.element.setAttribute("role", "img");
    this.element.style.cssText = "position:absolute;pointer-events:none;border:2px solid #fff;outline:2px solid #1f2937;" +
      "border-radius:3px";
  }

  show({ boxes, gap_s, person }) {
    this.element.setAttribute("aria-label", `person ${person}, whom you code`);
    cancelAnimationFrame(this.next);
    this.element.hidden = true;
    if (!boxes.length) return;
    const look = () => {
      this.next = requestAnimationFrame(look);
      const shown = film();
      if (!shown?.videoWidth) return;
      if (this.element.parentElement !== shown.parentElement) {
        shown.parentElement.style.position = "relative";
        shown.parentElement.append(this.element);
      }
      let low = 0, high = boxes.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (boxes[middle][0] <= shown.currentTime + 1e-3) low = middle; else high = middle - 1;
      }
      const [time, x0, y0, x1, y1] = boxes[low];
      this.element.hidden = shown.currentTime + 1e-3 < time || shown.currentTime > time + gap_s;
      const scale = Math.min(shown.clientWidth / shown.videoWidth, shown.clientHeight / shown.videoHeight);
      const left = shown.offsetLeft + (shown.clientWidth - scale * shown.videoWidth) / 2;
      const top = shown.offsetTop + (shown.clientHeight - scale * shown.videoHeight) / 2;
      const place = { left: left + scale * x0, top: top + scale * y0, width: scale * (x1 - x0), height: scale * (y1 - y0) };
      for (const [name, px] of Object.entries(place)) this.element.style[name] = `${px}px`;
    };
    look();
  }

  hide() {
    cancelAnimationFrame(this.next);
    this.element.remove();
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  const now = parentElement.querySelector(".now"), last = parentElement.querySelector(".last");
  parentElement.querySelector(".keys").replaceChildren(...data.emotions.map((emotion) => {
    const item = document.createElement("li");
    item.textContent = emotion;
    return item;
  }));
  const kept = (parentElement.ferdashCoding ??= { open: null, done: [], seen: 0, mark: new Mark() });
  kept.mark.show(data);
  const show = () => {
    const said = kept.open;
    now.textContent = said ? `${said.emotion} since ${said.start_s.toFixed(2)} s` : "nothing is said now";
  };
  const close = (time) => {
    if (kept.open && time > kept.open.start_s) kept.done.push({ ...kept.open, end_s: time });
    kept.open = null;
    last.textContent = kept.done.length ? `${kept.done.length} not yet kept; pause the film to keep them` : "";
    show();
  };
  const hand = () => {
    if (kept.done.length) setTriggerValue("coded", kept.done.splice(0));
    last.textContent = "";
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.composedPath()[0].matches?.(TYPING)) return;
    if (!film() || !/^[0-7]$/.test(event.key)) return;
    event.preventDefault();
    event.stopPropagation();  // in players, figures jump through the film
    const time = film().currentTime;
    close(time);
    if (event.key !== "0") kept.open = { emotion: data.emotions[Number(event.key) - 1], start_s: time };
    show();
    if (film().paused) hand();
  };
  const pause = () => { if (film() && !film().seeking) { close(film().currentTime); hand(); } };
  const seek = () => close(kept.seen);
  const tick = () => { if (film() && !film().seeking) kept.seen = film().currentTime; };
  const events = [["keydown", press], ["pause", pause], ["ended", pause], ["seeking", seek], ["timeupdate", tick]];
  events.forEach(([name, heard]) => document.addEventListener(name, heard, true));
  show();
  return () => {
    events.forEach(([name, heard]) => document.removeEventListener(name, heard, true));
    kept.mark.hide();
  };
}
