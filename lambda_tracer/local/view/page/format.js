// Times, sizes and texts as they are shown.

/** `0.12 ms`, `12.3 ms`, `1,234 ms`, `12.3 s`: as the command prints them. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  const milliseconds = seconds * 1000;
  const size = Math.abs(milliseconds);
  if (size < 10) return `${milliseconds.toFixed(2)} ms`;
  if (size < 1000) return `${milliseconds.toFixed(1)} ms`;
  if (size < 10_000) return `${grouped(Math.round(milliseconds))} ms`;
  return size < 1e8 ? `${grouped(Number(seconds.toFixed(1)))} s` : `${seconds.toExponential(2)} s`;
}

/** A time on an axis: no more digits than tell one tick from the next. */
export function tick(seconds, step) {
  if (seconds === 0) return "0";
  const [unit, size] = step >= 1 ? ["s", 1] : step >= 1e-3 ? ["ms", 1e-3] : ["µs", 1e-6];
  const digits = Math.max(0, -Math.floor(Math.log10(step / size) + 1e-9));
  return `${grouped(Number((seconds / size).toFixed(digits)))} ${unit}`;
}

/** With its sign, for differences. */
export const signed = (seconds) => (seconds < 0 ? "−" : "+") + duration(Math.abs(seconds));

const NUMBERS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

export const grouped = (number) => NUMBERS.format(number);

/** `1 trace`, `2 traces`. */
export const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;

export function bytes(size) {
  for (const [unit, divisor] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (size >= divisor) return `${(size / divisor).toFixed(size < 10 * divisor ? 1 : 0)} ${unit}`;
  }
  return `${size} B`;
}

const two = (number, digits = 2) => String(number).padStart(digits, "0");

/** `14:37:11`, in the time zone of who looks. */
export function clock(epoch) {
  const time = new Date(epoch * 1000);
  if (Number.isNaN(time.getTime())) return "no time";
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** `2026-11-30 14:37:11.250`. */
export function dateTime(epoch) {
  const time = new Date(epoch * 1000);
  if (Number.isNaN(time.getTime())) return String(epoch);
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${clock(epoch)}.${two(time.getMilliseconds(), 3)}`;
}

// Control characters but tab and newline; what turns the direction of text or is not seen; lone surrogates.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu;

/** Text that shows what it holds: nothing in it moves, hides or turns what stands beside it. */
export function clean(text) {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const LONGEST_LINE = 500;

/** Any value as one short line. */
export function line(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  const start = text.slice(0, LONGEST_LINE);
  return clean(start.replace(/\s+/g, " ")) + (text.length > LONGEST_LINE ? "…" : "");
}

/** A mapping, whatever was sent in its place. */
export function mapping(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}
