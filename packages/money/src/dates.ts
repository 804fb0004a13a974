/** Where a business day ends: the zone and the local time (HH:MM) from which the next date counts. */
export type BusinessCalendar = { readonly zone: string; readonly cutOver: string };

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  formats.set(zone, made);
  return made;
}

export type LocalParts = { readonly date: string; readonly time: string };

/** What was asked last for each zone: instants come many in one second. */
const lastSecond = new Map<string, { readonly second: number; readonly parts: LocalParts }>();

/** Local date "YYYY-MM-DD" and time "HH:MM:SS" of an instant (ms since the epoch) in a zone. */
export function localParts(instantMs: number, zone: string): LocalParts {
  const second = Math.floor(instantMs / 1000);
  const last = lastSecond.get(zone);
  if (last?.second === second) return last.parts;
  const parts = partsOf(instantMs, zone);
  lastSecond.set(zone, { second, parts });
  return parts;
}

function partsOf(instantMs: number, zone: string): LocalParts {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(instantMs)
      .map((part) => [part.type, part.value]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
  return {
    date: `${of("year")}-${of("month")}-${of("day")}`,
    time: `${of("hour")}:${of("minute")}:${of("second")}`,
  };
}

/** The date some days later (or earlier), "YYYY-MM-DD". */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The business date of an instant: the local date, or the next one from the cut-over on. */
export function businessDate(instantMs: number, calendar: BusinessCalendar): string {
  const local = localParts(instantMs, calendar.zone);
  return local.time.slice(0, 5) >= calendar.cutOver ? addDays(local.date, 1) : local.date;
}

/**
 * The nearest date that is not after `today` ("YYYY-MM-DD") for a "MMDD" without a year
 * (ISO 8583 DE 13, DE 15, 61.3). Undefined where no such day exists in the last eight years.
 */
export function nearestPastDate(monthDay: string, today: string): string | undefined {
  const match = /^(\d\d)(\d\d)$/.exec(monthDay);
  if (!match) return undefined;
  const year = Number.parseInt(today.slice(0, 4), 10);
  for (let back = 0; back <= 8; back += 1) {
    const candidate = `${String(year - back).padStart(4, "0")}-${match[1]}-${match[2]}`;
    const real = Date.parse(`${candidate}T00:00:00Z`);
    if (Number.isNaN(real)) continue;
    if (new Date(real).toISOString().slice(0, 10) !== candidate) continue;
    if (candidate <= today) return candidate;
  }
  return undefined;
}

/**
 * The latest instant (ms), at most `ahead` ms after `now`, whose UTC month, day and time are
 * "MMDDhhmmss" (ISO 8583 DE 7). Undefined where the digits are no date and time.
 */
export function nearestPastInstant(digits: string, now: number, ahead = 0): number | undefined {
  if (!/^\d{10}$/.test(digits)) return undefined;
  const time = `${digits.slice(4, 6)}:${digits.slice(6, 8)}:${digits.slice(8, 10)}`;
  const latest = now + ahead;
  const today = new Date(latest).toISOString().slice(0, 10);
  const date = nearestPastDate(digits.slice(0, 4), today);
  if (date === undefined) return undefined;
  const instant = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(instant)) return undefined;
  if (instant <= latest) return instant;
  const before = nearestPastDate(digits.slice(0, 4), addDays(today, -1));
  return before === undefined ? undefined : Date.parse(`${before}T${time}Z`);
}
