import { useEffect, useState } from "preact/hooks";

/** Something that a reader chose, remembered in this browser. */
export interface Setting<T extends string> {
  get: () => T;
  set: (value: T) => void;
  /** The choice, anew whenever it changes. */
  use: () => T;
}

export function setting<T extends string>(name: string, choices: readonly T[], usual: T): Setting<T> {
  const key = `jobmon.${name}`;
  const listeners = new Set<(value: T) => void>();
  let value = choices.find((choice) => choice === read(key)) ?? usual;
  const set = (chosen: T) => {
    value = chosen;
    write(key, chosen);
    for (const listener of [...listeners]) listener(chosen);
  };
  const use = () => {
    const [current, setCurrent] = useState(value);
    useEffect(() => {
      listeners.add(setCurrent);
      return () => void listeners.delete(setCurrent);
    }, []);
    return current;
  };
  return { get: () => value, set, use };
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // the browser keeps nothing for us: the usual choice stands
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The choice then holds as long as the page does.
  }
}
