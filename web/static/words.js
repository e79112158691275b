// Every word the scripts put on the screen.
export const VERDICT = { reject: "REJECT", unknown: "UNKNOWN", pass: "PASS" };
export const GLYPH = { reject: "✕", unknown: "?", pass: "✓" };
export const ANSWER = { pass: "good part", reject: "reject" };
export const ACTION = {
  1: "passed",
  2: "rejected",
  3: "rejected, fail-safe",
  4: "passed by key",
  6: "passed by operator",
  7: "rejected by operator",
};
// NE 107: one letter for each state.
export const STATE = {
  good: ["", ""],
  maintenance: ["M", "maintenance required"],
  out_of_specification: ["S", "out of specification"],
  function_check: ["C", "function check"],
  failure: ["F", "failure"],
};

export const part = (item) => `Part ${count(item.number)}`;
// A PLC need not count everything: what nobody counted is not 0.
export const count = (number) =>
  number === undefined ? "–" : Number(number).toLocaleString("en").replaceAll(",", "\u202f");
export const noData = (age_s) =>
  age_s === null ? "NO DATA" : `NO DATA ${Math.floor(age_s)} s`;
export const waiting = (n) => (n ? `${n} waiting` : "");
// Low limits would all look alike with two digits.
const digits = (value) => (value < 0.095 ? 3 : 2);
const share = (value, of) => value.toFixed(digits(of));
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const finding = (f) => {
  const of = f.limit ?? f.score;
  const limit = f.limit === null ? "" : `, limit ${share(f.limit, of)}`;
  return `${capital(f.kind)}: ${share(f.score, of)}${limit}`;
};
export const noOverride = (travel_s) =>
  `No override here: parts reach the reject station in ${travel_s.toFixed(1)} s`;
export const beltStands = "belt stands, time stands";
export const toChange = "to change this part";
export const untilRejected = "until it is rejected";
export const oldData = "The line does not answer: pictures and counts are old";
export const more = (n) => `and ${n} more`;
export const lastRejects = "Last rejects";
export const tooLate = "too late to change";
export const signInFirst = "sign in first";

const HOW_FAR = { sent: "sent", changed: "changed", too_late: "too late, kept as a correction" };
// Whose word stands on a part, and how far it has come.
export const saidBy = (verdict, by, state) =>
  `${capital(ANSWER[verdict])}${by ? ` by ${by}` : ""}, ${HOW_FAR[state] ?? "sent"}`;

const ms = (value) => (value ? `${value.toFixed(value < 10 ? 1 : 0)} ms` : "–");
const clock = (at) => {
  const when = new Date(at);
  const isToday = when.toDateString() === new Date().toDateString();
  return isToday ? when.toLocaleTimeString("en-GB") : when.toLocaleDateString("sv");
};
// What runs, beside what was asked for, and its times for a picture beside those that there are.
export const MODEL = {
  device: (m) => {
    const got = `${m.device} ${m.precision}`.trim() || "–";
    return m.device_asked === m.device ? got : `${got}, not ${m.device_asked}`;
  },
  sha256: (m) => m.sha256 || "–",
  p50_ms: (m) => ms(m.p50_ms),
  p99_ms: (m) => ms(m.p99_ms),
  takt_ms: (m) => ms(m.takt_ms),
  since: (m) => (m.since ? clock(m.since) : "–"),
};
// Which of these is not as it should be.
export const isModelOdd = {
  device: (m) => m.device_asked !== m.device,
  p99_ms: (m) => m.takt_ms > 0 && m.p99_ms > m.takt_ms,
};

// What became of an answer, in words.
export function outcome(item, verdict, said) {
  const which = part(item);
  const words = ANSWER[verdict];
  switch (said.state) {
    case "sending":
      return `${which}: ${words} …`;
    case "sent":
      return `${which}: ${words}, sent`;
    case "changed":
      return `${which}: ${words}, ${verdict === "reject" && !said.revision ? "kept" : "changed"}`;
    case "too_late":
      return `${which}: too late, kept as a correction`;
    case "superseded":
      return `${which}: ${said.by || "somebody else"} answered first`;
    default:
      return `${which}: not taken. ${said.why || ""}`;
  }
}
