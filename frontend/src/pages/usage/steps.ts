// The steps of usage over time. They are cut in UTC, as attempts are summed up by its hours.

/** The beginning of a step: its day, and its hour if steps are shorter than a day. */
export function stepWords(step: string, hours: number): string {
  const [day = "", time = ""] = new Date(step).toISOString().split("T");
  return hours < 24 ? `${day.slice(5)} ${time.slice(0, 5)}` : day;
}

/** The day that was so many days ago, as an address and a field for dates have it. */
export function daysAgo(days: number, now: Date): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10);
}
