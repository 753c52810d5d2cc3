/** Where each page is, below the base that the server writes into the page. */
export const paths = {
  workflows: (query = "") => `/${query && `?${query}`}`,
  workflow: (id: number) => `/workflow/${id}`,
  template: (id: number, name: string) => `/workflow/${id}/template/${encodeURIComponent(name)}`,
  tasks: (id: number, query = "") => `/workflow/${id}/tasks${query && `?${query}`}`,
  errors: (id: number) => `/workflow/${id}/errors`,
  timeline: (id: number) => `/workflow/${id}/timeline`,
  task: (id: number) => `/task/${id}`,
  usage: () => "/usage",
} as const;

/** Parts of a path by name, if it has this form; a `:name` in the form takes what stands in its place. */
export function matched(form: string, path: string): Record<string, string> | null {
  const [wanted, given] = [form.split("/"), path.replace(/(.)\/$/, "$1").split("/")];
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [place, part] of wanted.entries()) {
    const value = given[place] ?? "";
    if (!part.startsWith(":")) {
      if (part !== value) return null;
    } else {
      const text = decoded(value);
      if (text === null || text === "") return null;
      found[part.slice(1)] = text;
    }
  }
  return found;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
