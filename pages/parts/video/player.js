// Steps, scrubs and plays in the browser; the server hears of a frame only once the person stays at it.
const SETTLED_MS = 250;
const AHEAD = 4;
const KEPT_PICTURES = 120;

function unpacked(text, Type) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Type(bytes.buffer);
}

function made(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

class Player {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector("." + name);
    this.image = root.querySelector("img");
    this.video = root.querySelector("video");
    this.pictures = new Map();
    this.place = 0;
    this.turn = null;
    this.wantsToPlay = false;
    this.listen();
  }

  // ---- what the server gives ----------------------------------------------------------------------------------------

  update(data, report) {
    const another = this.data?.analysis !== data.analysis;
    const jumps = this.turn !== data.turn;
    const asked = this.turn !== null && jumps && !another;
    this.report = report;
    if (another) {
      this.stop();
      this.video.removeAttribute("src");
      this.wantsToPlay = false;
    }
    if (this.data?.stamp !== data.stamp || another) this.pictures.clear();
    if (another || this.data?.version !== data.version) this.take(data);
    this.data = data;
    this.turn = data.turn;
    if (another || jumps) this.place = this.nearest(data.frame);
    this.place = Math.min(this.place, this.frames.length - 1);
    this.draw();
    if (asked) {
      this.stop();
      this.root.scrollIntoView({ block: "nearest", behavior: "smooth" });
      this.root.scrollIntoView({ block: "start", behavior: "smooth" });
    }
    if (data.film && this.video.dataset.film !== data.film) {
      this.video.dataset.film = data.film;
      this.video.src = this.address(data.film);
    }
    if (!data.film) delete this.video.dataset.film;
    if (data.film && this.wantsToPlay) this.play();
    this.remember();
  }

  take(data) {
    this.frames = unpacked(data.frames, Int32Array);
    this.times = unpacked(data.times_s, Float32Array);
    this.rows = unpacked(data.rows, Int32Array);
    this.shares = unpacked(data.probabilities, Uint16Array);
    this.starts = new Set(data.starts);
    this.why = new Map(Object.entries(data.why).flatMap(([words, places]) => places.map((place) => [place, words])));
    this.changes = data.pins.map((pin) => pin.frame).sort((one, other) => one - other);
    this.makeBars(data);
    this.makeTimeline(data);
  }

  address(path) {
    return location.pathname.replace(/[^/]+\/?$/, "") + path;
  }

  nearest(frame) {
    let best = 0;
    for (let place = 0; place < this.frames.length; place++) {
      if (Math.abs(this.frames[place] - frame) < Math.abs(this.frames[best] - frame)) best = place;
    }
    return best;
  }

  // ---- what a person does -------------------------------------------------------------------------------------------

  listen() {
    const press = (name, act) => this.find(name).addEventListener("click", act);
    press("change-before", () => this.toChange(-1));
    press("frame-before", () => this.step(-1));
    press("go", () => this.toggle());
    press("frame-after", () => this.step(1));
    press("change-after", () => this.toChange(1));
    this.find("speed").addEventListener("change", () => this.setSpeed());
    const chart = this.find("chart");
    chart.addEventListener("pointerdown", (event) => {
      if (event.button || event.composedPath()[0].classList?.contains("pin")) return;
      chart.setPointerCapture(event.pointerId);
      this.scrub(event);
    });
    chart.addEventListener("pointermove", (event) => {
      if (chart.hasPointerCapture(event.pointerId)) this.scrub(event);
    });
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.video.addEventListener("ended", () => this.stop());
    this.video.addEventListener("pause", () => this.stop());
    this.video.addEventListener("play", () => this.follow());
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    clearTimeout(this.timer);
    this.video.pause();
  }

  key(event) {
    if (!this.root.isConnected) return this.close();
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    const target = event.composedPath()[0];
    const inside = event.composedPath().includes(this.root);
    const busy = "input, textarea, select, [contenteditable=true], canvas, [role=slider], [role=tab], [role=radio], " +
      "[role=option], [role=combobox], [role=grid], [role=menuitem], [role=dialog] *";
    if (target.matches?.(inside ? "select" : busy)) return;
    // A pin takes Enter; after a click on it, space is to play.
    if (event.key === " " && target.matches?.("button:not(.pin), a, summary, [role=button]")) return;
    const acts = {
      ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), " ": () => this.toggle(),
      p: () => this.toChange(-1), n: () => this.toChange(1),
    };
    if (inside) Object.assign(acts, { Home: () => this.go(0), End: () => this.go(this.frames.length - 1) });
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  step(by) { this.go(this.place + by); }

  toChange(way) {
    const now = this.frames[this.place];
    const found = way > 0 ? this.changes.find((frame) => frame > now) : this.changes.findLast((frame) => frame < now);
    if (found !== undefined) this.go(this.nearest(found));
  }

  scrub(event) {
    const edge = this.find("lanes").getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - edge.left) / edge.width, 0), 1);
    this.go(this.placeAt(this.times[0] + share * (this.times.at(-1) - this.times[0]), true));
  }

  placeAt(time, nearest) {
    let low = 0, high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time) low = middle; else high = middle - 1;
    }
    const next = Math.min(low + 1, this.times.length - 1);
    return nearest && this.times[next] - time < time - this.times[low] ? next : low;
  }

  go(place) {
    this.stop();
    this.place = Math.min(Math.max(place, 0), this.frames.length - 1);
    this.draw();
    this.settle();
  }

  settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.remember();
      this.report("frame", this.frames[this.place]);
    }, SETTLED_MS);
  }

  // The address says which frame this is. Replaced, so that Back leaves the analysis.
  remember() {
    const address = new URL(location);
    if (address.searchParams.get("video-analysis") !== this.data.analysis) return;
    address.searchParams.set("video-frame", this.frames[this.place]);
    if (this.data.person !== null && this.data.people > 1) address.searchParams.set("video-person", this.data.person);
    if (address.search !== location.search) history.replaceState(history.state, "", address);
  }

  // ---- playing ------------------------------------------------------------------------------------------------------

  toggle() {
    if (this.playing) return this.stop();
    if (this.wantsToPlay) return;
    if (this.data.film) return this.play();
    this.wantsToPlay = true;  // the film is made at the first time
    this.drawControls();
    this.report("film", String(Date.now()), true);
  }

  play() {
    this.wantsToPlay = false;
    if (this.place >= this.frames.length - 1) this.place = 0;
    this.setSpeed();
    this.video.currentTime = this.times[this.place] + 1e-3;
    this.video.play().catch((error) => {
      if (error.name !== "AbortError") this.find("none").textContent = `The browser cannot play it: ${error.message}`;
    });
  }

  setSpeed() { this.video.playbackRate = Number(this.find("speed").value); }

  follow() {
    this.playing = true;
    this.find("stage").classList.add("playing");
    const look = () => {
      if (!this.playing) return;
      this.place = this.placeAt(this.video.currentTime + 1e-3, false);
      this.drawNow();
      requestAnimationFrame(look);
    };
    look();
    this.drawControls();
  }

  stop() {
    if (!this.playing) return;
    this.playing = false;
    this.video.pause();
    this.place = this.placeAt(this.video.currentTime + 1e-3, false);
    this.draw();
    this.settle();
  }

  // ---- drawing ------------------------------------------------------------------------------------------------------

  draw() {
    this.drawNow();
    this.drawControls();
    this.drawPicture();
  }

  drawPicture() {
    const stage = this.find("stage");
    this.find("none").textContent = this.data.missing;
    this.image.hidden = Boolean(this.data.missing);
    if (this.data.missing) return stage.classList.remove("playing");
    // One at a time: of the frames that a quick hand passes, the server need not draw all.
    if (this.loading) return stage.classList.add("late");
    const place = this.place, found = this.picture(place);
    this.loading = true;
    stage.classList.toggle("late", !found.complete);
    found.decode().then(() => this.showPicture(found, place), () => this.noPicture(found, place)).finally(() => {
      this.loading = false;
      if (this.place !== place) return this.playing || this.drawPicture();
      for (let by = 1; by <= AHEAD; by++) for (const near of [place + by, place - by]) {
        if (near >= 0 && near < this.frames.length) this.picture(near);
      }
    });
  }

  showPicture(found, place) {
    this.image.src = found.src;
    this.image.hidden = false;
    this.image.dataset.frame = this.frames[place];
    this.image.alt = `Frame ${this.frames[place]} of the video`;
    if (this.place !== place) return;
    const stage = this.find("stage");
    stage.classList.remove("late");
    if (!this.playing) stage.classList.remove("playing");
  }

  picture(place) {
    const address = this.address(this.data.picture.replace("{frame}", this.frames[place]));
    let found = this.pictures.get(address);
    if (!found) {
      found = new Image();
      found.src = address;
      this.pictures.set(address, found);
      if (this.pictures.size > KEPT_PICTURES) this.pictures.delete(this.pictures.keys().next().value);
    }
    return found;
  }

  async noPicture(found, place) {
    for (const [address, one] of this.pictures) if (one === found) this.pictures.delete(address);
    const said = await fetch(found.src).then((answer) => answer.text()).catch(() => "The app does not answer.");
    if (this.place !== place) return;
    this.find("none").textContent = said.slice(0, 300);
    this.image.hidden = true;
    this.find("stage").classList.remove("late", "playing");
  }

  drawNow() {
    const frame = this.frames[this.place], time = this.times[this.place];
    const where = this.find("where"), name = this.data.names[this.place];
    where.replaceChildren(made("b", "", `Frame ${frame.toLocaleString("en")}`),
      ` of ${this.data.last.toLocaleString("en")} · ${time.toFixed(2)} s${name ? " · " + name : ""}`);
    const long = this.times.at(-1) - this.times[0] || 1;
    this.find("cursor").style.left = `${100 * (time - this.times[0]) / long}%`;
    const slider = this.find("time");
    slider.setAttribute("aria-valuenow", frame);
    slider.setAttribute("aria-valuetext", `frame ${frame}, ${time.toFixed(2)} seconds`);
    for (const pin of this.root.querySelectorAll(".pin")) pin.classList.toggle("now", Number(pin.dataset.frame) === frame);
    this.drawBars();
  }

  drawBars() {
    const row = this.rows[this.place];
    this.find("result").hidden = row < 0;
    this.find("bad").hidden = row >= 0;
    if (row < 0) {
      this.find("bad").textContent = this.why.get(this.place) ?? "No face was found in this video.";
      return;
    }
    const now = [...this.shares.subarray(7 * row, 7 * row + 7)].map((share) => share / 65535);
    const first = now.indexOf(Math.max(...now));
    this.find("who").textContent = `Person ${this.data.person} · ${this.data.emotions[first].name}`;
    const alone = this.starts.has(row);
    const before = alone ? now : [...this.shares.subarray(7 * row - 7, 7 * row)].map((share) => share / 65535);
    const changes = now.map((share, place) => share - before[place]);
    const most = Math.max(0.05, ...changes.map(Math.abs));
    this.bars.forEach((bar, place) => {
      bar.fill.style.width = `${100 * now[place]}%`;
      bar.share.textContent = `${(100 * now[place]).toFixed(1)}%`;
      for (const part of [bar.name, bar.share]) part.classList.toggle("first", place === first);
      const points = Math.round(1000 * changes[place]) / 10;
      bar.part.style.height = `${50 * Math.abs(changes[place]) / most}%`;
      bar.part.style.bottom = changes[place] > 0 ? "50%" : "";
      bar.part.style.top = changes[place] > 0 ? "" : "50%";
      bar.number.textContent = alone ? "–" : `${points >= 0 ? "+" : "-"}${Math.abs(points).toFixed(1)}`;
    });
    this.find("head").textContent = !alone ? "change against the frame before, percentage points"
      : row === 0 ? "no change: this is the first frame with a result" : "no change: the frame before has no result";
  }

  drawControls() {
    const frame = this.frames[this.place];
    this.find("frame-before").disabled = this.place === 0;
    this.find("frame-after").disabled = this.place === this.frames.length - 1;
    this.find("change-before").disabled = !this.changes.some((one) => one < frame);
    this.find("change-after").disabled = !this.changes.some((one) => one > frame);
    const go = this.find("go");
    go.disabled = Boolean(this.data.missing) || this.frames.length < 2;
    go.firstChild.textContent = this.playing ? "Pause" : this.wantsToPlay ? "Drawing …" : "▶ Play";
  }

  makeBars(data) {
    this.bars = data.emotions.map(({ name, colour }) => {
      const bar = { name: made("span", "fer-name", name), fill: made("span", "fill"), share: made("span", "fer-share"),
        part: made("span", "part"), number: made("div", "fer-number") };
      bar.fill.style.background = bar.part.style.background = colour;
      return bar;
    });
    this.find("bars").replaceChildren(...this.bars.flatMap((bar) => {
      const track = made("span", "track");
      track.append(bar.fill);
      return [bar.name, track, bar.share];
    }));
    this.find("deltas").replaceChildren(...this.bars.map((bar, place) => {
      const whole = made("div"), column = made("div", "column");
      column.append(bar.part);
      whole.append(column, bar.number, made("div", "label", data.emotions[place].name));
      return whole;
    }));
  }

  makeTimeline(data) {
    this.find("finding").textContent = data.title;
    const lanes = this.find("lanes"), ribbon = this.find("ribbon"), plot = this.find("plot"), slider = this.find("time");
    const count = data.pins.length ? 1 + Math.max(...data.pins.map((pin) => pin.lane)) : 0;
    lanes.style.height = `${15 * count}px`;
    lanes.replaceChildren(...data.pins.flatMap((pin) => {
      const took = made("span", "took"), button = made("button", pin.up ? "pin" : "pin down");
      took.style.cssText = `left:${pin.from}%;width:${pin.to - pin.from}%;top:${15 * pin.lane + 6}px;background:${pin.colour}`;
      button.style.cssText = `left:${pin.left}%;top:${15 * pin.lane}px;--colour:${pin.colour}`;
      button.dataset.frame = pin.frame;
      button.title = pin.words;
      button.setAttribute("aria-label", pin.words);
      button.addEventListener("click", () => this.go(this.nearest(pin.frame)));
      return [took, button];
    }));
    ribbon.replaceChildren(...data.segments.map((one) => {
      const span = made("span");
      span.style.cssText = `left:${one.left}%;width:${one.width}%;background:${one.colour}`;
      span.title = one.words;
      return span;
    }));
    plot.replaceChildren(...this.plotted(data));
    slider.querySelectorAll(".mark").forEach((mark) => mark.remove());
    slider.append(...data.marks.map((mark) => {
      const line = made("div", mark.left > 80 ? "mark end" : "mark");
      line.style.left = `${mark.left}%`;
      line.append(made("b", "", mark.name));
      return line;
    }));
    slider.setAttribute("aria-valuemin", this.frames[0]);
    slider.setAttribute("aria-valuemax", this.frames.at(-1));
    this.root.querySelectorAll(".ends").forEach((end, place) => { end.textContent = data.ends[place]; });
  }

  plotted({ chart, emotions }) {
    if (!chart) return [];
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 1000 1000");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${chart.unit} of the seven emotions over time`);
    const path = (d, { colour, dash }, className) => {
      const line = document.createElementNS(space, "path");
      line.setAttribute("d", d);
      if (className) line.setAttribute("class", className);
      if (chart.stacked) line.style.cssText = `fill:${colour};stroke:none`;
      else {
        line.style.stroke = colour;
        if (dash && !className) line.style.strokeDasharray = dash;
      }
      return line;
    };
    svg.append(...chart.measured.map((d, place) => path(d, emotions[place], "faint")),
      ...chart.curves.map((d, place) => path(d, emotions[place], "")));
    const ticks = chart.ticks.flatMap(({ top, text }) => {
      const tick = made("span", "tick", text), grid = made("span", "grid");
      tick.style.top = grid.style.top = `${top}%`;
      return [grid, tick];
    });
    const names = chart.names.map(({ top, emotion }) => {
      const name = made("span", "name", emotions[emotion].name);
      name.style.cssText = `top:${top}%;--colour:${emotions[emotion].colour}`;
      return name;
    });
    return [...ticks, svg, ...names];
  }
}

const players = new WeakMap();

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".player");
  if (!players.has(root)) players.set(root, new Player(root));
  const player = players.get(root);
  player.update(data, (name, value, once) => (once ? setTriggerValue : setStateValue)(name, value));
  // Also called before each update; only when the player has left the page is it over.
  return () => setTimeout(() => { if (!root.isConnected) player.close(); });
}
