import type { Schemas } from "../../api/client";

export type Usage = Schemas["Usage"];
export type UsageGroup = Schemas["UsageGroup"];
export type Saving = Schemas["Saving"];
