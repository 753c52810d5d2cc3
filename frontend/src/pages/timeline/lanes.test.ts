import { expect, test } from "vitest";
import { laid, type Span } from "./lanes";

const span = (begin: number, end: number): Span => ({ begin, end });

test("what runs at the same time stands in lanes of its own, and a lane is used again", () => {
  const { lanes, count } = laid([span(0, 10), span(2, 5), span(5, 8), span(10, 12)]);

  expect(lanes).toEqual([0, 1, 1, 0]);
  expect(count).toBe(2);
});

test("spans need not come in their order", () => {
  expect(laid([span(5, 8), span(0, 10), span(2, 5)]).lanes).toEqual([1, 0, 1]);
});

test("the upper lanes fill first", () => {
  expect(laid([span(0, 9), span(0, 2), span(0, 1), span(3, 4), span(3, 4)]).lanes).toEqual([0, 1, 2, 1, 2]);
});

test("no lane has two spans at one time, and there are no more lanes than spans at one time", () => {
  const spans = Array.from({ length: 400 }, (_, at) =>
    span((at * 7919) % 500, ((at * 7919) % 500) + 1 + ((at * 31) % 40)),
  );
  const { lanes, count } = laid(spans);

  for (const lane of new Set(lanes)) {
    const its = spans.filter((_, at) => lanes[at] === lane).sort((one, other) => one.begin - other.begin);
    for (const [at, each] of its.entries()) expect(each.begin).toBeGreaterThanOrEqual(its[at - 1]?.end ?? 0);
  }
  const moments = spans.map(
    ({ begin }) => spans.filter((each) => each.begin <= begin && begin < each.end).length,
  );
  expect(count).toBe(Math.max(...moments));
});

test("ten thousand spans take no time", () => {
  const spans = Array.from({ length: 10_000 }, (_, at) => span(at % 100, (at % 100) + 1_000));
  const start = performance.now();

  expect(laid(spans).count).toBe(10_000);

  expect(performance.now() - start).toBeLessThan(500);
});
