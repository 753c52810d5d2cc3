import type { Schemas } from "../../api/client";

export type TemplateUse = Schemas["TemplateUse"];
export type Advice = Schemas["Advice"];
export type Measured = Schemas["Measured"];
export type AttemptPoints = Schemas["AttemptPoints"];
