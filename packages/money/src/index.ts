export { CURRENCIES, currency, type Currency } from "./currency.ts";
export { formatMajor, parseMajor, portion, type Money } from "./money.ts";
export { luhnValid, maskPan } from "./pan.ts";
export { uuidv7 } from "./ids.ts";
export {
  addDays,
  businessDate,
  localParts,
  nearestPastDate,
  nearestPastInstant,
  type BusinessCalendar,
} from "./dates.ts";
