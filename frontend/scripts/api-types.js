// The types of the API's answers, from the OpenAPI document that the server's own code writes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";

const root = new URL("../../", import.meta.url);
const python = process.env.PYTHON ?? ".venv/bin/python";
const folder = mkdtempSync(join(tmpdir(), "jobmon-api-"));
try {
  const written = join(folder, "openapi.json");
  execFileSync(python, ["scripts/write_openapi.py", written], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  // What has a default is always there in an answer.
  const types = await openapiTS(JSON.parse(readFileSync(written, "utf8")), { defaultNonNullable: true });
  writeFileSync(new URL("../src/api/schema.d.ts", import.meta.url), astToString(types));
} finally {
  rmSync(folder, { recursive: true });
}
