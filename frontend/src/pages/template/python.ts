// A recommended request as code to copy.

const NUMBERS = new Set(["cores"]);

/** A text as Python writes it; what JSON escapes, Python understands. */
const literal = (text: string): string => JSON.stringify(text).replace(/[\u007f-\uffff]/g, escaped);

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The call that makes it the template's default on a cluster. */
export function pythonOf(cluster: string, resources: Readonly<Record<string, string>>): string {
  const named = Object.entries(resources).map(([name, value]) => {
    const isNumber = NUMBERS.has(name) && /^\d+$/.test(value);
    return `    ${name}=${isNumber ? value : literal(value)},`;
  });
  return ["template.update_default_compute_resources(", `    ${literal(cluster)},`, ...named, ")"].join("\n");
}
