// Presses: what they were about when they began, the call to the server, and what came back.
const ANSWER_TIMEOUT_MS = 4000;
// A second tap of a double tap must not decide the part that moved up.
export const SETTLE_MS = 500;
const TAKEN = new Set(["sending", "sent", "changed", "too_late"]);

// crypto.randomUUID is not there on a panel that reaches the gateway by plain HTTP.
function pressId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What the line says of this panel's word: the record says the same. Another's word that stands
// on a decided part left none of ours.
function became(verdict, item) {
  if (item.operator !== verdict) return item.action ? "too_late" : "";
  return item.operator_state === "sent" ? "" : item.operator_state;
}

export class Answers {
  // `said(item, verdict, outcome)` is called at once with "sending", then with the answer.
  constructor(csrf, said) {
    this.csrf = csrf;
    this.said = said;
    this.of = new Map();
  }

  // What this panel answered on a part: {verdict, state, by, revision}, or undefined.
  on(item) {
    return this.of.get(item.record);
  }

  // The part waits for no further answer of this panel.
  isSettled(item) {
    const answer = this.on(item);
    return Boolean(answer && !answer.reopened && TAKEN.has(answer.state));
  }

  // The person wants another look at a part already answered.
  reopen(item) {
    const answer = this.on(item);
    if (answer) this.of.set(item.record, { ...answer, reopened: true });
  }

  async press(painted, verdict) {
    const { item, at, shownMs } = painted;
    if (performance.now() - shownMs < SETTLE_MS) return;
    const before = this.on(item);
    if (before?.state === "sending") return;
    if (before?.verdict === verdict && TAKEN.has(before.state)) return;
    this.keep(item, verdict, { state: "sending" });
    const body = {
      press_id: pressId(),
      verdict,
      seen_revision: item.revision,
      painted_at: at,
    };
    this.keep(item, verdict, await this.send(item, body));
  }

  // A sent answer is *changed* once the PLC has taken it, by its echo or by what it did; one that
  // it decided without is a correction.
  follow(stations) {
    for (const station of stations) {
      for (const item of [...station.waiting, ...station.recent]) {
        const answer = this.on(item);
        if (answer?.state !== "sent") continue;
        const state = became(answer.verdict, item);
        if (state) this.keep(item, answer.verdict, { ...answer, state, atMs: answer.atMs });
      }
    }
  }

  // The same press may be sent twice: its id makes that one decision.
  async send(item, body) {
    for (const last of [false, true]) {
      try {
        return await this.post(item, body);
      } catch {
        if (last) return { state: "failed", why: "No connection to the server" };
      }
    }
  }

  async post(item, body) {
    const headers = { "Content-Type": "application/json" };
    if (this.csrf) headers["X-CSRF-Token"] = this.csrf;
    const answer = await fetch(`/api/v1/records/${encodeURIComponent(item.record)}/override`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const said = await answer.json();
    return answer.ok ? said : { state: "failed", why: said.error };
  }

  keep(item, verdict, outcome) {
    this.of.set(item.record, { atMs: performance.now(), ...outcome, verdict, item });
    if (this.of.size > 100) this.of.delete(this.of.keys().next().value);
    this.said(item, verdict, outcome);
  }
}
