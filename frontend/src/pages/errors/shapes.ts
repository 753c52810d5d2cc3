import type { Schemas } from "../../api/client";

export type ErrorGroups = Schemas["ErrorGroups"];
export type ErrorGroup = Schemas["ErrorGroup"];
export type FailedAttempt = Schemas["FailedAttempt"];
