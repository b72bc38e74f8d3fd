"""The keys 1 to 7 while the film plays: the browser collects, and tells at each pause, so that nothing interrupts."""

from typing import Any

import streamlit as st

from ferdash.emotions import EMOTIONS

_HTML = '<div class="now" role="status" aria-live="polite"></div><ol class="keys"></ol><p class="last"></p>'
_CSS = """
:host, div { font: 14px/1.5 var(--st-font); color: var(--st-text-color); }
.now { font-size: 17px; font-weight: 600; min-height: 1.6em; }
.keys { margin: 6px 0; padding-left: 24px; columns: 2; }
.last { opacity: .8; min-height: 1.5em; }
"""
# Media events do not bubble, but they pass the document on their way down.
_JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  const now = parentElement.querySelector(".now"), last = parentElement.querySelector(".last");
  parentElement.querySelector(".keys").replaceChildren(...data.emotions.map((emotion) => {
    const item = document.createElement("li");
    item.textContent = emotion;
    return item;
  }));
  const kept = (parentElement.ferdashCoding ??= { open: null, done: [], seen: 0 });
  const film = () => document.querySelector("video");
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
    const place = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (place?.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(place?.tagName)) return;
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
  return () => events.forEach(([name, heard]) => document.removeEventListener(name, heard, true));
}
"""
_component = st.components.v2.component("ferdash.coding", html=_HTML, css=_CSS, js=_JS)


def listen(*, key: str) -> list[dict[str, Any]]:
    """What was said from the last start of the film to its pause, once: emotion, start_s, end_s of each."""
    st.markdown("Start the film, and press the number of what you see, each time it changes. 0 says nothing.")
    found = _component(data={"emotions": list(EMOTIONS)}, key=key, on_coded_change=lambda: None).coded
    return list(found or [])
