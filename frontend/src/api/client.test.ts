import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Failure, forget, get, post } from "./client";

const asked = vi.fn<typeof fetch>();

beforeEach(() => {
  forget();
  vi.stubGlobal("fetch", asked);
});

afterEach(() => {
  asked.mockReset();
  vi.unstubAllGlobals();
});

const json = (value: unknown, init: ResponseInit = {}) => new Response(JSON.stringify(value), init);

test("an answer that has not changed is not sent again, and is the same object", async () => {
  asked.mockResolvedValueOnce(json({ a: 1 }, { headers: { ETag: 'W/"x"' } }));
  asked.mockResolvedValueOnce(new Response(null, { status: 304 }));

  const first = await get("workflows");
  const second = await get("workflows");

  expect(second).toBe(first);
  expect(new Headers(asked.mock.calls[1]?.[1]?.headers).get("If-None-Match")).toBe('W/"x"');
});

test("a refusal says what happened and what to do", async () => {
  asked.mockResolvedValueOnce(json({ problem: "No.", remedy: "Ask." }, { status: 403 }));

  const refusal = await get("workflows").catch((error: unknown) => error);

  expect(refusal).toBeInstanceOf(Failure);
  expect(refusal).toMatchObject({ status: 403, problem: "No.", remedy: "Ask.", mayPass: false });
});

test("a server that is away may come back", async () => {
  asked.mockRejectedValueOnce(new TypeError("Failed to fetch"));

  expect(await get("workflows").catch((error: unknown) => error)).toMatchObject({ status: 0, mayPass: true });
});

test("an answer in HTML is a failure with the status", async () => {
  asked.mockResolvedValueOnce(new Response("<h1>Bad gateway", { status: 502, statusText: "Bad Gateway" }));

  expect(await get("workflows").catch((error: unknown) => error)).toMatchObject({
    problem: "The server answered 502 Bad Gateway",
  });
});

test("a change carries what no form of another site can send", async () => {
  asked.mockResolvedValueOnce(json({ ok: true }));

  await post("workflows/7/limit", { limit: 3 });

  const [path, init] = asked.mock.calls[0] ?? [];
  expect(path).toBe("/jobmon/api/v1/workflows/7/limit");
  expect(init).toMatchObject({ method: "POST", body: '{"limit":3}' });
  expect(new Headers(init?.headers).get("X-Jobmon-Request")).toBe("1");
  expect(new Headers(init?.headers).get("Content-Type")).toBe("application/json");
});
