// The live state: a stream of snapshots, polling when there is no stream, and its age.
const SILENT_MS = 2500;
const POLL_MS = 1000;
const POLL_TIMEOUT_MS = 1500;
const TRY_STREAM_AGAIN_MS = 10000;

export class Feed {
  // `taken(state)` is called for each snapshot; `ageS()` says how old the line's word is now.
  constructor(station, first, taken) {
    this.query = station ? `?station=${encodeURIComponent(station)}` : "";
    this.taken = taken;
    this.heard = performance.now();
    this.state = first;
    this.open();
    setInterval(() => this.watch(), POLL_MS);
  }

  ageS() {
    if (this.state.age_s === null) return null;
    return this.state.age_s + this.sinceS();
  }

  // Seconds since the shown snapshot came.
  sinceS() {
    return (performance.now() - this.heard) / 1000;
  }

  take(state) {
    this.heard = performance.now();
    this.state = state;
    this.taken(state);
  }

  open() {
    this.stream?.close();
    this.opened = performance.now();
    this.stream = new EventSource(`/live${this.query}`);
    this.stream.onmessage = (event) => this.take(JSON.parse(event.data));
  }

  // A stream can be refused, end, or hang without a word: then ask, and try it again.
  watch() {
    if (performance.now() - this.heard < SILENT_MS) return;
    this.poll();
    if (performance.now() - this.opened > TRY_STREAM_AGAIN_MS) this.open();
  }

  async poll() {
    try {
      const answer = await fetch(`/live/state${this.query}`, {
        cache: "no-store",
        signal: AbortSignal.timeout(POLL_TIMEOUT_MS),
      });
      if (answer.ok) this.take(await answer.json());
    } catch {
      // The age goes on growing, and that is what the screen says.
    }
  }
}
