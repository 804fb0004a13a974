/** YYMMDD with its century: years 50 to 99 are the last century's (Book 4 §6.7.3). */
export function century(date: string): string {
  return (date >= "50" ? "19" : "20") + date;
}
