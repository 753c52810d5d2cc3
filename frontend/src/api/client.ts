import { address } from "../base";
import type { components, paths } from "./schema";

/** The shapes of the API's answers, by name. */
export type Schemas = components["schemas"];

/** What the API answers to a question: `Answer<"/api/v1/workflows">`. */
export type Answer<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer T } } } };
}
  ? T
  : never;

/** Something that did not work, and what to do about it, if the server knew. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly problem: string,
    readonly remedy: string | null = null,
  ) {
    super(problem);
  }

  /** Whatever was thrown, as one. */
  static of(error: unknown): Failure {
    return error instanceof Failure ? error : new Failure(0, String(error));
  }

  /** Asking again later may help. */
  get mayPass(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

export const api = (path: string): string => address(`/api/v1/${path}`);

interface Known {
  tag: string;
  value: unknown;
}

// Answers by their address, so that what has not changed is neither sent nor drawn again.
const known = new Map<string, Known>();
const KEPT = 100;

/** Ask the API. An answer that is the same as before is the same object as before. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const before = known.get(path);
  const response = await sent(path, {
    headers: { Accept: "application/json", ...(before ? { "If-None-Match": before.tag } : {}) },
    ...(signal ? { signal } : {}),
  });
  if (response.status === 304 && before) return before.value as T;
  if (!response.ok) throw await failureOf(response);
  const value: unknown = await response.json();
  remember(path, response.headers.get("ETag"), value);
  return value as T;
}

/** Change something. The header cannot be sent by forms of other sites. */
export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const response = await sent(path, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-Jobmon-Request": "1" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw await failureOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function sent(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(api(path), { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Failure(0, "The server cannot be reached.", "It may be starting anew. This page tries again.");
  }
}

async function failureOf(response: Response): Promise<Failure> {
  if (response.status === 401) {
    return new Failure(401, "Your login has ended.", "Log in to Airflow, then load this page again.");
  }
  const said: unknown = await response.json().catch(() => null);
  if (isRefusal(said)) return new Failure(response.status, said.problem, said.remedy ?? null);
  return new Failure(response.status, `The server answered ${response.status} ${response.statusText}`.trim());
}

function isRefusal(said: unknown): said is { problem: string; remedy?: string | null } {
  return typeof said === "object" && said !== null && "problem" in said && typeof said.problem === "string";
}

function remember(path: string, tag: string | null, value: unknown): void {
  known.delete(path);
  if (!tag) return;
  known.set(path, { tag, value });
  for (const oldest of known.keys()) {
    if (known.size <= KEPT) break;
    known.delete(oldest);
  }
}

/** Forget what was answered, for tests. */
export const forget = (): void => known.clear();
