/** Dates a month apart. */

/** Days of a month, 1 to 12. */
function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const two = (number: number): string => String(number).padStart(2, "0");

/** The same day of the next `count` months, or the last one of a month that is too short. */
export function nextMonths(date: string, count: number): string[] {
  const [year = 0, month = 1, day = 1] = date.split("-").map((part) => Number.parseInt(part, 10));
  return Array.from({ length: count }, (_, at) => {
    const months = month + at;
    const inYear = year + Math.floor(months / 12);
    const inMonth = (months % 12) + 1;
    return `${inYear}-${two(inMonth)}-${two(Math.min(day, daysIn(inYear, inMonth)))}`;
  });
}
