import { useState } from "preact/hooks";
import { announce } from "./announce";

/** A button that copies a text. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState<boolean | null>(null);
  const run = async () => {
    const worked = await copied(text);
    setDone(worked);
    announce(worked ? `Copied ${what}.` : `The browser does not let us copy ${what}. Mark it and copy it.`);
    setTimeout(() => setDone(null), 2_000);
  };
  return (
    <button type="button" class="small" onClick={() => void run()} aria-label={`Copy ${what}`}>
      {done === null ? "Copy" : done ? "Copied" : "Mark it and copy it"}
    </button>
  );
}

/** Whether a text could be copied. Airflow served without https has no clipboard of the newer kind. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedTheOldWay(text);
  }
}

function copiedTheOldWay(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  const worked = document.execCommand("copy");
  area.remove();
  return worked;
}
