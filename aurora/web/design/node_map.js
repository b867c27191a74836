// Nodes as tiles. Search, filter and order run here, and only the rows in view are drawn, so thousands stay quick.
import { toRaw } from "vue";

const PAUSE = 250; // milliseconds after the last key until the server looks for tasks
const HEIGHT = 66, LEAST_WIDTH = 148, GAP = 6, ROWS_AROUND = 4;

export default {
  props: {
    tiles: { type: Array, default: () => [] }, // [id, [share of each measure or null], tasks, trouble, kind, zone, [words]]
    words: { type: Array, default: () => [] }, // labels that tiles refer to
    measures: { type: Array, default: () => [] }, // names of the shares
    limits: { type: Array, default: () => [] }, // shares between the steps of the scale
    selected: { type: String, default: "" }, // node that is open at first
  },
  emits: ["pick", "seek"],
  data: () => ({ text: "", sought: "", measure: 0, order: "listed", steps: [], onlyTrouble: false, columns: 4, top: 0, height: 480, at: 0, chosen: "" }),
  computed: {
    entries() {
      const measure = this.measure, words = toRaw(this.words), limits = toRaw(this.limits); // proxies would cost most of the time
      return toRaw(this.tiles).map(([id, shares, tasks, trouble, kind, zone, refs], index) => {
        const share = shares[measure];
        const text = [id, kind, zone, trouble, ...refs.map((k) => words[k])].join(" ").toLowerCase();
        return { id, index, tasks, trouble, kind, zone, share, text, step: share == null ? 0 : 1 + limits.filter((l) => share >= l).length };
      });
    },
    counts() {
      const counts = [0, 0, 0, 0, 0, 0];
      for (const e of this.entries) counts[e.step] += 1;
      return counts;
    },
    troubled() { return this.entries.filter((e) => e.trouble).length; },
    found() {
      const terms = this.sought.toLowerCase().split(/\s+/).filter(Boolean);
      const found = this.entries.filter((e) =>
        (!this.onlyTrouble || e.trouble) && (!this.steps.length || this.steps.includes(e.step)) && terms.every((t) => e.text.includes(t)));
      const by = (e) => e.share ?? -1;
      if (this.order === "fullest") found.sort((a, b) => by(b) - by(a) || a.index - b.index);
      if (this.order === "emptiest") found.sort((a, b) => by(a) - by(b) || a.index - b.index);
      if (this.order === "name") found.sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
      return found;
    },
    rows() { return Math.ceil(this.found.length / this.columns); },
    first() { return Math.max(0, Math.floor(this.top / HEIGHT) - ROWS_AROUND); },
    shown() {
      const last = Math.min(this.rows, Math.ceil((this.top + this.height) / HEIGHT) + ROWS_AROUND);
      return this.found.slice(this.first * this.columns, last * this.columns).map((e, k) => ({ ...e, place: this.first * this.columns + k }));
    },
    focusable() { return Math.min(this.at, Math.max(0, this.found.length - 1)); },
  },
  watch: {
    found() { this.at = 0; if (this.$refs.field) this.$refs.field.scrollTop = 0; this.top = 0; },
  },
  mounted() {
    this.chosen = this.selected;
    this.watcher = new ResizeObserver(() => this.measureField());
    this.watcher.observe(this.$refs.field);
    this.measureField();
  },
  unmounted() { this.watcher.disconnect(); clearTimeout(this.waiting); },
  methods: {
    measureField() {
      const field = this.$refs.field;
      this.columns = Math.max(2, Math.floor((field.clientWidth + GAP) / (LEAST_WIDTH + GAP)));
      this.height = field.clientHeight;
    },
    write(event) { this.text = event.target.value; this.sought = this.text; this.seek(); },
    seek() {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.$emit("seek", this.text), PAUSE);
    },
    toggle(step) { this.steps = this.steps.includes(step) ? this.steps.filter((s) => s !== step) : [...this.steps, step]; },
    clear() { this.text = ""; this.sought = ""; this.steps = []; this.onlyTrouble = false; this.seek(); this.$refs.search.focus(); },
    percent(share) { return share == null ? "not measured" : `${Math.round(100 * share)} %`; },
    spoken(e) {
      return `${e.id}, ${this.percent(e.share)} ${this.measures[this.measure]}, ${e.tasks} tasks${e.trouble ? `, ${e.trouble}` : ""}`;
    },
    range(step) {
      const edges = [0, ...this.limits.map((l) => Math.round(100 * l))];
      return step === edges.length ? `${edges[step - 1]} % and more` : `${edges[step - 1]} to ${edges[step]} %`;
    },
    async go(event) {
      const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns, Home: -Infinity, End: Infinity };
      if (!(event.key in moves)) return;
      event.preventDefault();
      this.at = Math.min(Math.max(0, this.focusable + moves[event.key]), this.found.length - 1);
      const row = Math.floor(this.at / this.columns), field = this.$refs.field;
      if (row * HEIGHT < field.scrollTop) field.scrollTop = row * HEIGHT;
      if ((row + 1) * HEIGHT > field.scrollTop + this.height) field.scrollTop = (row + 1) * HEIGHT - this.height;
      this.top = field.scrollTop;
      await this.$nextTick();
      const target = field.querySelector(`[data-place="${this.at}"]`);
      if (target) target.focus({ preventScroll: true });
    },
    choose(id) { this.chosen = id; },
    pick(e) { this.at = e.place; this.chosen = e.id; this.$emit("pick", e.id); },
  },
  template: `
    <div class="node-map">
      <div class="tools">
        <label class="find"><span>Search nodes and tasks</span>
          <input ref="search" type="search" data-search :value="text" @input="write" placeholder="name, zone, kind or label of a node; name of a task" spellcheck="false" autocomplete="off" maxlength="200">
        </label>
        <label><span>Colour by</span>
          <select v-model.number="measure"><option v-for="(name, k) in measures" :value="k">{{ name }}</option></select>
        </label>
        <label><span>Order</span>
          <select v-model="order">
            <option value="listed">as listed</option><option value="fullest">fullest first</option>
            <option value="emptiest">emptiest first</option><option value="name">by name</option>
          </select>
        </label>
      </div>
      <div class="bands" role="group" aria-label="Show only nodes of these loads">
        <button v-for="step in 5" type="button" :class="'band load-' + step" :aria-pressed="steps.includes(step)" @click="toggle(step)">
          {{ range(step) }} <b>{{ counts[step].toLocaleString("en") }}</b>
        </button>
        <button v-if="counts[0]" type="button" class="band unknown" :aria-pressed="steps.includes(0)" @click="toggle(0)">not measured <b>{{ counts[0].toLocaleString("en") }}</b></button>
        <button v-if="troubled" type="button" class="band trouble" :aria-pressed="onlyTrouble" @click="onlyTrouble = !onlyTrouble">▲ in trouble <b>{{ troubled.toLocaleString("en") }}</b></button>
      </div>
      <div class="line spread small muted">
        <span role="status">{{ found.length.toLocaleString("en") }} of {{ tiles.length.toLocaleString("en") }} nodes</span>
        <button v-if="text || steps.length || onlyTrouble" type="button" class="plain" @click="clear">Show all</button>
      </div>
      <div ref="field" class="field" role="group" aria-label="Nodes; arrow keys move, Enter opens" @scroll="top = $event.target.scrollTop" @keydown="go">
        <div v-if="!found.length" class="none">No node matches. Search for a part of its name, or press “Show all”.</div>
        <div :style="{ height: rows * ${HEIGHT} + 'px', position: 'relative' }">
          <div class="window" :style="{ transform: 'translateY(' + first * ${HEIGHT} + 'px)', gridTemplateColumns: 'repeat(' + columns + ', minmax(0, 1fr))' }">
            <button v-for="e in shown" :key="e.id" type="button" :data-place="e.place" :class="['tile', e.step ? 'load-' + e.step : 'unknown', { chosen: e.id === chosen }]"
              :tabindex="e.place === focusable ? 0 : -1" :aria-label="spoken(e)" :title="e.id" @click="pick(e)">
              <span class="name">{{ e.id }}</span>
              <span class="figures"><b>{{ percent(e.share) }}</b><span>{{ e.tasks }} tasks</span></span>
              <span class="mark" :class="{ on: e.trouble }">{{ e.trouble ? "▲ " + e.trouble : e.zone }}</span>
            </button>
          </div>
        </div>
      </div>
    </div>`,
};
