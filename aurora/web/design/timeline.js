// Rows over time, drawn on a canvas: bars of tasks, or shares by stretches of time. Names are drawn as text, never as markup.
const AXIS = 26, LEAST_ROW = 20, MOST_ROW = 132, FRINGE = 3, LEAST_BAR = 2;
const STEPS = ["--load-1", "--load-2", "--load-3", "--load-4", "--load-5"];

export default {
  props: {
    rows: { type: Array, default: () => [] }, // [name, lanes]
    bars: { type: Array, default: () => [] }, // [row, lane, start, end, kind, task, attempt]
    shares: { type: Array, default: () => [] }, // of each row, a share of each stretch; then no bars are drawn
    limits: { type: Array, default: () => [] }, // shares between the steps of the scale
    kinds: { type: Array, default: () => [] }, // [word, name of a colour, is hatched]
    end: { type: Number, default: 1 }, // seconds
    selected: { type: String, default: "" }, // task that is marked
    label: { type: String, default: "" }, // what it shows, for screen readers
    fixed: { type: Boolean, default: false }, // no task can be picked
  },
  emits: ["task", "row"],
  data: () => ({ from: 0, to: 1, top: 0, width: 600, height: 300, tip: null, chosen: "" }),
  computed: {
    gutter() {
      const longest = this.rows.reduce((most, [name]) => Math.max(most, name.length), 0);
      return Math.max(56, Math.min(16 + 6.8 * longest, 240, this.width * 0.3));
    },
    heights() {
      if (this.shares.length) return this.rows.map(() => 24);
      return this.rows.map(([, lanes]) => Math.min(MOST_ROW, Math.max(LEAST_ROW, lanes * Math.max(4, Math.min(12, 84 / lanes)) + 2 * FRINGE)));
    },
    tops() { let y = 0; return this.heights.map((h) => { const at = y; y += h; return at; }); },
    whole() { return this.heights.reduce((a, b) => a + b, 0); },
    of() { const of = this.rows.map(() => []); this.bars.forEach((bar) => of[bar[0]].push(bar)); return of; },
    used() { const used = new Set(this.bars.map((b) => b[4])); return this.kinds.map((k, n) => [...k, n]).filter((k) => used.has(k[3])); },
    steps() {
      const ends = [0, ...this.limits.map((l) => Math.round(100 * l)), 100];
      return STEPS.map((colour, n) => ({ colour: `var(${colour})`, ink: `var(--on${colour.slice(1)})`, text: `${ends[n]}–${ends[n + 1]} %` }));
    },
  },
  watch: {
    selected(now) { this.chosen = now; this.draw(); },
    rows() { this.draw(); }, bars() { this.draw(); }, shares() { this.draw(); }, end() { this.reset(); },
  },
  mounted() {
    this.chosen = this.selected;
    this.to = this.end;
    this.watcher = new ResizeObserver(() => this.settle());
    this.watcher.observe(this.$refs.field);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.again = () => requestAnimationFrame(() => this.draw());
    this.scheme.addEventListener("change", this.again);
    this.settle();
    document.fonts.ready.then(this.again);
  },
  unmounted() { this.watcher.disconnect(); this.scheme.removeEventListener("change", this.again); },
  methods: {
    mark(task) { this.chosen = task; this.draw(); },
    settle() {
      const field = this.$refs.field;
      if (!field) return;
      this.width = field.clientWidth;
      this.height = field.clientHeight;
      this.draw();
    },
    x(time) { return this.gutter + ((time - this.from) / (this.to - this.from)) * (this.width - this.gutter - 8); },
    time(x) { return this.from + ((x - this.gutter) / (this.width - this.gutter - 8)) * (this.to - this.from); },
    inRow(bar) {
      const [row, lane] = bar, lanes = Math.max(1, this.rows[row][1]);
      const h = (this.heights[row] - 2 * FRINGE) / lanes;
      return { y: this.tops[row] + FRINGE + lane * h, h: Math.max(LEAST_BAR, h - (h > 4 ? 1 : 0)) };
    },
    seconds(t) {
      if (t === 0) return "0 s";
      if (t < 1) return `${+(1000 * t).toPrecision(3)} ms`;
      if (t < 120) return `${+t.toPrecision(3)} s`;
      if (t < 7200) return `${+(t / 60).toPrecision(3)} min`;
      return t < 172800 ? `${+(t / 3600).toPrecision(3)} h` : `${+(t / 86400).toPrecision(3)} d`;
    },
    colour(style, name) { return style.getPropertyValue(name).trim() || "#888"; },
    fitted(pen, text, room) {
      if (pen.measureText(text).width <= room) return text;
      let low = 0, high = text.length;
      while (low < high) { const half = (low + high + 1) >> 1; if (pen.measureText(text.slice(0, half) + "…").width <= room) low = half; else high = half - 1; }
      return low ? text.slice(0, low) + "…" : "";
    },
    draw() {
      const canvas = this.$refs.canvas;
      if (!canvas || !this.width) return;
      const ratio = window.devicePixelRatio || 1, style = getComputedStyle(document.documentElement);
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      const pen = canvas.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      const font = getComputedStyle(document.body).fontFamily;
      const [ground, ink, muted, line, edge] = ["--surface", "--text", "--muted", "--line", "--edge"].map((n) => this.colour(style, n));
      pen.fillStyle = ground;
      pen.fillRect(0, 0, this.width, this.height);
      pen.font = `12px ${font}`;
      pen.textBaseline = "middle";
      const first = this.tops.findIndex((y, k) => y + this.heights[k] > this.top), bottom = this.top + this.height;
      pen.save();
      pen.translate(0, AXIS - this.top);
      for (let k = Math.max(0, first); k < this.rows.length && this.tops[k] < bottom; k += 1) {
        if (this.shares.length) this.drawShares(pen, k, style); else this.drawBars(pen, k, style, ink, ground);
        pen.fillStyle = ground;
        pen.fillRect(0, this.tops[k], this.gutter - 4, this.heights[k]);
        pen.fillStyle = ink;
        pen.fillText(this.fitted(pen, this.rows[k][0], this.gutter - 12), 0, this.tops[k] + this.heights[k] / 2);
        pen.strokeStyle = line;
        pen.beginPath();
        pen.moveTo(0, this.tops[k] + this.heights[k] + 0.5);
        pen.lineTo(this.width, this.tops[k] + this.heights[k] + 0.5);
        pen.stroke();
      }
      pen.restore();
      this.drawAxis(pen, ground, muted, edge);
    },
    drawAxis(pen, ground, muted, edge) {
      pen.fillStyle = ground;
      pen.fillRect(0, 0, this.width, AXIS);
      pen.fillStyle = muted;
      pen.strokeStyle = edge;
      const span = this.to - this.from, wanted = span / Math.max(2, (this.width - this.gutter) / 110);
      const power = 10 ** Math.floor(Math.log10(wanted));
      const units = span > 7200 ? [3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800] : span > 240 ? [60, 120, 300, 600, 900, 1800, 3600] : [];
      const step = units.find((u) => u >= wanted) ?? [1, 2, 5, 10].map((m) => m * power).find((s) => s >= wanted);
      for (let t = Math.ceil(this.from / step) * step; t <= this.to + step / 1e6; t += step) {
        const x = this.x(t), text = this.seconds(+t.toPrecision(12));
        pen.beginPath();
        pen.moveTo(x + 0.5, AXIS - 6);
        pen.lineTo(x + 0.5, AXIS);
        pen.stroke();
        pen.fillText(text, Math.min(x + 3, this.width - pen.measureText(text).width - 2), AXIS / 2 - 1);
      }
    },
    drawBars(pen, k, style, ink, ground) {
      for (const bar of this.of[k]) {
        const [, , start, end, kind, task] = bar, { y, h } = this.inRow(bar);
        const x = Math.max(this.gutter, this.x(start)), w = Math.min(this.width, this.x(end)) - x;
        if (this.x(end) < this.gutter || x > this.width) continue;
        const [, name, hatched] = this.kinds[kind];
        pen.fillStyle = this.colour(style, `--${name}`);
        pen.fillRect(x, y, Math.max(1, w), h);
        if (hatched) {
          pen.save();
          pen.beginPath();
          pen.rect(x, y, Math.max(1, w), h);
          pen.clip();
          pen.strokeStyle = ground;
          pen.beginPath();
          for (let at = x - h; at < x + w; at += 7) { pen.moveTo(at, y + h); pen.lineTo(at + h, y); }
          pen.stroke();
          pen.restore();
        }
        if (task === this.chosen) {
          pen.strokeStyle = ink;
          pen.lineWidth = 2;
          pen.strokeRect(x - 1, y - 1, Math.max(3, w + 2), h + 2);
          pen.lineWidth = 1;
        }
      }
    },
    drawShares(pen, k, style) {
      const shares = this.shares[k], bins = shares.length, y = this.tops[k] + 2, h = this.heights[k] - 4;
      pen.textAlign = "center";
      for (let b = 0; b < bins; b += 1) {
        const left = this.x((b * this.end) / bins), right = this.x(((b + 1) * this.end) / bins);
        if (right < this.gutter || left > this.width) continue;
        const x = Math.max(this.gutter, left), name = STEPS[this.limits.filter((l) => shares[b] >= l).length];
        pen.fillStyle = this.colour(style, name);
        pen.fillRect(x, y, right - x + (right - left > 6 ? -1 : 0.5), h);
        if (right - left > 34) {
          pen.fillStyle = this.colour(style, `--on${name.slice(1)}`);
          pen.fillText(`${Math.round(100 * shares[b])}`, (x + right) / 2, y + h / 2);
        }
      }
      pen.textAlign = "left";
    },
    at(event) {
      const box = this.$refs.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
      if (y < AXIS) return { x, y, row: -1 };
      const depth = y - AXIS + this.top, row = this.tops.findIndex((t, k) => depth >= t && depth < t + this.heights[k]);
      if (row < 0 || x < this.gutter) return { x, y, row };
      const time = this.time(x), near = ((this.to - this.from) / this.width) * 2;
      const hits = this.shares.length ? [] : this.of[row].filter((bar) => bar[2] - near <= time && time <= bar[3] + near && (({ y: t, h }) => depth >= t - 1 && depth <= t + h + 1)(this.inRow(bar)));
      return { x, y, row, time, bar: hits[hits.length - 1] };
    },
    point(event) {
      const { x, y, row, time, bar } = this.at(event);
      let lines = null;
      if (bar) lines = [bar[5], `${this.rows[row][0]}, ${this.seconds(bar[2])} to ${this.seconds(bar[3])}`, this.kinds[bar[4]][0] + (bar[6] > 1 ? `, start ${bar[6]}` : "")];
      else if (row >= 0 && x < this.gutter) lines = [this.rows[row][0]];
      else if (row >= 0 && this.shares.length) {
        const bins = this.shares[row].length, b = Math.min(bins - 1, Math.max(0, Math.floor((time / this.end) * bins)));
        lines = [this.rows[row][0], `${Math.round(100 * this.shares[row][b])} % around ${this.seconds(time)}`];
      }
      this.tip = lines && { lines, left: Math.min(x + 12, Math.max(0, this.width - 240)), top: y + 14 };
      this.$refs.canvas.style.cursor = bar && !this.fixed || (row >= 0 && x < this.gutter && !this.fixed) ? "pointer" : "default";
    },
    pick(event) {
      const { x, row, bar } = this.at(event);
      if (this.fixed) return;
      if (bar) { this.chosen = bar[5]; this.draw(); this.$emit("task", bar[5]); }
      else if (row >= 0 && (x < this.gutter || this.shares.length)) this.$emit("row", this.rows[row][0]);
    },
    move(from, to) {
      const span = Math.min(this.end, Math.max(this.end / 1e5, to - from));
      this.from = Math.min(Math.max(0, from), this.end - span);
      this.to = this.from + span;
      this.draw();
    },
    zoom(factor, around) {
      const middle = around ?? (this.from + this.to) / 2;
      this.move(middle - (middle - this.from) * factor, middle + (this.to - middle) * factor);
    },
    shift(part) { const by = part * (this.to - this.from); if (by > 0 ? this.to < this.end : this.from > 0) this.move(this.from + by, this.to + by); },
    reset() { this.move(0, this.end); },
    key(event) {
      const act = { "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), "0": () => this.reset(), ArrowLeft: () => this.shift(-0.25), ArrowRight: () => this.shift(0.25) }[event.key];
      if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
    },
    wheel(event) { if (event.ctrlKey) { event.preventDefault(); this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.time(this.at(event).x)); } },
    scrolled() { this.top = this.$refs.field.scrollTop; this.tip = null; this.draw(); },
  },
  template: `
    <div class="timeline">
      <div class="tools">
        <span class="legend" v-if="!shares.length"><span v-for="k in used" :key="k[3]"><i :class="{ hatched: k[2] }" :style="{ background: 'var(--' + k[1] + ')' }"></i>{{ k[0] }}</span></span>
        <span class="legend" v-else><span v-for="s in steps" :key="s.text"><b :style="{ background: s.colour, color: s.ink }">{{ s.text }}</b></span></span>
        <span class="zoom" role="group" aria-label="Time shown">
          <button type="button" class="plain" @click="zoom(0.5)">Zoom in</button>
          <button type="button" class="plain" @click="zoom(2)">Zoom out</button>
          <button type="button" class="plain" @click="shift(-0.5)">Earlier</button>
          <button type="button" class="plain" @click="shift(0.5)">Later</button>
          <button type="button" class="plain" @click="reset">All</button>
        </span>
      </div>
      <div class="field" ref="field" tabindex="0" role="img" :aria-label="label" @keydown="key" @scroll="scrolled" @wheel="wheel" :style="{ height: Math.min(480, whole + ${AXIS} + 2) + 'px' }">
        <div :style="{ height: whole + ${AXIS} + 'px' }">
          <canvas ref="canvas" @mousemove="point" @mouseleave="tip = null" @click="pick" :style="{ width: width + 'px', height: height + 'px' }"></canvas>
          <div class="tip" v-if="tip" :style="{ left: tip.left + 'px', top: tip.top + top + 'px' }"><div v-for="(line, k) in tip.lines" :key="k">{{ line }}</div></div>
        </div>
      </div>
    </div>`,
};
