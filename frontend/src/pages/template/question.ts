// What of the page's address the API is asked about attempts.

import { filtersOf } from "../../parts/filtering";

/** Verdicts and node args as they stand there, numbers of attempts one by one. */
export function questionOf(query: URLSearchParams): URLSearchParams {
  const question = new URLSearchParams();
  const isAsked = (key: string) => key === "verdict" || key === "attempt" || key.startsWith("arg.");
  for (const { key, isNot, values } of filtersOf(query, isAsked)) {
    if (isNot) continue;
    if (key === "attempt") for (const value of values.filter(isNumber)) question.append(key, value);
    else question.set(key, values.join(","));
  }
  return question;
}

const isNumber = (text: string) => /^[1-9]\d{0,3}$/.test(text);
