/** Numbers in words. */

export const count = (value: number): string => value.toLocaleString("en-US");

/** `1 task`, `2,000 tasks`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

const SIZES = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1.5 GiB`, in units of 1024, as clusters count. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  let [rest, unit] = [value, 0];
  while (Math.abs(rest) >= 1024 && unit < SIZES.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${short(rest)} ${SIZES[unit]}`;
}

/** With three digits that count. */
export function short(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Hours of something: of little that it is little, rather than nothing. */
export const hours = (value: number): string => (value > 0 && value < 0.01 ? "< 0.01" : short(value));

/** A share from 0 to 1: `12 %`; nothing that is there becomes 0 %, and nothing that is missing 100 %. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return "–";
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share < 1 && share > 0.99) return "> 99 %";
  return `${Math.round(share * 100)} %`;
}
