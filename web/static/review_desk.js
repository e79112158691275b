// The pictures that this person holds, the answers on their way, and what can be taken back.
const AHEAD = 3;
const DEEP = 20;
const TIMEOUT_MS = 5000;
const AGAIN_MS = 2000;

function pressId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const pause = (ms) => new Promise((then) => setTimeout(then, ms));

// The server answered, and no.
class Refused extends Error {
  constructor(status, why) {
    super(why);
    this.status = status;
  }
}

export class ReviewDesk {
  // `told(event, facts)`: "changed", "away", "back", "refused", "missed", "signed-out".
  constructor(queue, csrf, told) {
    this.queue = queue;
    this.csrf = csrf;
    this.told = told;
    this.items = [];
    this.sending = [];
    this.done = [];
    this.isAway = false;
    this.isSending = false;
  }

  get current() {
    return this.items[0];
  }

  // Hold enough pictures: the one that is shown, and the next two, fetched ahead.
  async fill() {
    if (this.items.length >= AHEAD || this.isFilling) return;
    this.isFilling = true;
    try {
      const taken = await this.post("/api/v1/reviews/next", { queue: this.queue, count: AHEAD });
      this.reached();
      const answered = new Set([...this.done, ...this.sending].map((one) => one.item.claim));
      const held = new Set(this.items.map((one) => one.claim));
      const fresh = taken.items.filter((one) => !held.has(one.claim) && !answered.has(one.claim));
      for (const item of fresh) for (const view of item.views) new Image().src = view.picture;
      this.items.push(...fresh);
      if (fresh.length) this.told("changed");
    } catch (error) {
      this.failed(error);
    } finally {
      this.isFilling = false;
    }
  }

  answer(fields) {
    const item = this.items.shift();
    const entry = { item, body: { request: pressId(), claim: item.claim, ...fields } };
    this.sending.push(entry);
    this.done = [...this.done, entry].slice(-DEEP);
    this.told("changed");
    this.send();
  }

  later() {
    if (this.items.length > 1) this.items.push(this.items.shift());
    this.told("changed");
  }

  earlier() {
    if (this.items.length > 1) this.items.unshift(this.items.pop());
    this.told("changed");
  }

  // In the order in which they were given; one that finds no server waits for it.
  async send() {
    if (this.isSending) return;
    this.isSending = true;
    while (this.sending.length) {
      const entry = this.sending[0];
      try {
        const said = await this.post("/api/v1/reviews", entry.body);
        this.reached();
        entry.review = said.review;
        if (said.missed_seed) this.told("missed", entry);
      } catch (error) {
        if (!(error instanceof Refused) || error.status >= 500 || error.status === 401) {
          this.failed(error);
          await pause(AGAIN_MS);
          continue;
        }
        this.done = this.done.filter((one) => one !== entry);
        this.told("refused", { why: error.message });
      }
      this.sending.shift();
      this.told("changed");
    }
    this.isSending = false;
    this.fill();
  }

  // The last answer is taken back, and its picture is here again; null: there is none.
  async undo() {
    const entry = this.done.at(-1);
    if (!entry) return null;
    this.done.pop();
    while (this.sending.includes(entry)) {
      if (this.isAway) {
        this.done.push(entry);
        return null;
      }
      await pause(20);
    }
    try {
      const said = await this.post(`/api/v1/reviews/${entry.review}/undo`, { request: (entry.undo ??= pressId()) });
      this.reached();
      if (said.item) this.items.unshift(said.item);
      this.told("changed");
      return said.item;
    } catch (error) {
      if (error instanceof Refused && error.status < 500) this.told("refused", { why: error.message });
      else this.done.push(entry);
      this.failed(error);
      return null;
    }
  }

  async waiting() {
    try {
      const answer = await fetch("/api/v1/reviews/waiting", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (answer.ok) this.reached();
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  async post(path, body) {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": this.csrf },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Refused(answer.status, said.error);
    return said;
  }

  reached() {
    if (this.isAway) this.told("back");
    this.isAway = false;
  }

  failed(error) {
    if (error instanceof Refused && error.status < 500) {
      if (error.status === 401) this.told("signed-out");
      return;
    }
    this.isAway = true;
    this.told("away");
  }
}
