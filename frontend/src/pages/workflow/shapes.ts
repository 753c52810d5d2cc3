import type { Answer } from "../../api/client";

export type Workflow = Answer<"/api/v1/workflows/{workflow_id}">;
