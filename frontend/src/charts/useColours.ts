import { useEffect, useState } from "preact/hooks";
import { onTheme } from "../shell/theme";
import { type Colours, coloursOf } from "./colours";

/** The page's colours, anew when they change. */
export function useColours(): Colours {
  const [colours, setColours] = useState(() => coloursOf(document.documentElement));
  useEffect(() => onTheme(() => setColours(coloursOf(document.documentElement))), []);
  return colours;
}
