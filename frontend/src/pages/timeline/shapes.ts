import type { Schemas } from "../../api/client";

export type Timeline = Schemas["Timeline"];
export type TimelineRow = Schemas["TimelineRow"];
export type CriticalPath = Schemas["CriticalPath"];
export type PathStep = Schemas["PathStep"];
