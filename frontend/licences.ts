// The licences of what the scripts contain, as their authors want them to be handed on: licences.txt beside the scripts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const TEXT = /^(licen[cs]es?|notice|copying|copyrightnotice)([.-].*)?$/i;

export function licences(): Plugin {
  return {
    name: "licences",
    generateBundle(_options, bundle) {
      const folders = new Set<string>();
      for (const part of Object.values(bundle)) {
        if (part.type !== "chunk") continue;
        for (const module of Object.keys(part.modules)) {
          const folder = packageOf(module);
          if (folder) folders.add(folder);
        }
      }
      const source = [...folders].sort().map(textOf).join("\n\n");
      this.emitFile({ type: "asset", fileName: "licences.txt", source });
    },
  };
}

function packageOf(module: string): string | undefined {
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1];
}

function textOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => TEXT.test(entry.name))
    .flatMap((entry) =>
      entry.isDirectory() ? inside(join(folder, entry.name)) : [join(folder, entry.name)],
    );
  if (files.length === 0) throw new Error(`${name} comes without the text of its licence, ${license}.`);
  const texts = files.sort().map((file) => readFileSync(file, "utf8").trim());
  return [`${name} ${version} (${license})`, "=".repeat(79), ...texts].join("\n\n");
}

const inside = (folder: string): string[] => readdirSync(folder).map((file) => join(folder, file));
